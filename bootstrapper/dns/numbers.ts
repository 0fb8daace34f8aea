/** The wire's numbers: IANA "Domain Name System (DNS) Parameters". */
export const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
} as const;

export const CLASSES = { IN: 1, CHAOS: 3, NONE: 254, ANY: 255 } as const;

export const OPCODES = { query: 0, update: 5 } as const;

export const RCODES = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  yxDomain: 6,
  yxRrset: 7,
  nxRrset: 8,
  notAuth: 9,
  notZone: 10,
  badVers: 16,
} as const;
export type Rcode = (typeof RCODES)[keyof typeof RCODES];

/** RFC 8914 §4: what a code alone does not say. */
export const EXPLANATIONS = { other: 0, stale: 3, prohibited: 18, noReachableAuthority: 22 } as const;

/** RFC 6895 §3.1: types that are questions or parts of a message, and are held by no zone. */
export const isMeta = (type: number): boolean => type === 0 || type === TYPES.OPT || (type >= 128 && type <= 255);

const NAMES = new Map<number, string>(Object.entries(TYPES).map(([name, type]) => [type, name]));

/** RFC 3597 §5. */
export const typeName = (type: number): string => NAMES.get(type) ?? `TYPE${type}`;
