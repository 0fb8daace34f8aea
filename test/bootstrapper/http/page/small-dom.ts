/** As much of a document as the page uses; whatever would read text as markup throws. */

export class SmallElement {
  readonly tag: string;
  readonly dataset: Record<string, string> = {};
  readonly attributes = new Map<string, string>();
  hidden = false;
  className = "";
  title = "";
  value: unknown = "";
  max = 0;
  type = "";
  dateTime = "";
  children: SmallElement[] = [];
  #text = "";

  constructor(tag: string) {
    this.tag = tag;
  }
  get textContent(): string {
    return this.#text + this.children.map((child) => child.textContent).join("");
  }
  set textContent(text: string) {
    this.children = [];
    this.#text = text;
  }
  append(...nodes: (SmallElement | string)[]): void {
    for (const node of nodes) {
      const child = typeof node === "string" ? new SmallElement("#text") : node;
      if (typeof node === "string") child.textContent = node;
      this.children.push(child);
    }
  }
  replaceChildren(...nodes: (SmallElement | string)[]): void {
    this.textContent = "";
    this.append(...nodes);
  }
  insertBefore(node: SmallElement, before: SmallElement | null): void {
    for (const list of everyList) list.children = list.children.filter((child) => child !== node);
    this.children.splice(before ? this.children.indexOf(before) : this.children.length, 0, node);
    everyList.add(this);
  }
  remove(): void {
    for (const list of everyList) list.children = list.children.filter((child) => child !== this);
  }
  setAttribute(name: string, value: string): void {
    if (/^on/i.test(name)) throw new Error(`a handler as text: ${name}`);
    this.attributes.set(name, value);
  }
  addEventListener(): void {}
  scrollIntoView(): void {}
  set innerHTML(_: string) {
    throw new Error("innerHTML");
  }
  set outerHTML(_: string) {
    throw new Error("outerHTML");
  }
  insertAdjacentHTML(): void {
    throw new Error("insertAdjacentHTML");
  }
  /** Every element below, in the order of the document. */
  all(): SmallElement[] {
    return this.children.flatMap((child) => [child, ...child.all()]);
  }
  find(className: string): SmallElement {
    return this.all().find((element) => element.className.split(" ").includes(className))!;
  }
}

const everyList = new Set<SmallElement>();

export interface SmallDocument {
  readonly made: Set<string>;
  createElement(tag: string): SmallElement;
  getElementById(id: string): SmallElement;
}

/** Elements by id are made when they are first asked for. */
export function smallDocument(): SmallDocument {
  const byId = new Map<string, SmallElement>();
  const made = new Set<string>();
  return {
    made,
    createElement: (tag) => {
      made.add(tag);
      return new SmallElement(tag);
    },
    getElementById: (id) => {
      if (!byId.has(id)) byId.set(id, new SmallElement("div"));
      return byId.get(id)!;
    },
  };
}
