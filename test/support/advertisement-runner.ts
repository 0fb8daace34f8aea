/** Sends one router advertisement on the named card, in whatever network namespace it was started: advertisement-runner.ts CARD MAC. */
import { startRouterAdvertisements } from "../../bootstrapper/router-advertisements/service.ts";
import { mac } from "../../cluster/address.ts";

const [card = "", address = ""] = process.argv.slice(2);
const journal = ({ text }: { readonly text: string }) => console.log(text);
const advertisements = startRouterAdvertisements({ cards: [{ interface: card, mac: mac(address) }], journal });
advertisements.due();
console.log(advertisements.health());
await advertisements.close();
