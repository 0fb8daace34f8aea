/** How the pods' network is divided among the nodes: each gets a part, and a node takes no more pods than its part has addresses. */

/** Prefix of a node's part. Twice as many addresses as pods, so that one that is given back is not taken again at once; at least the usual /24. */
export const nodeMask = (maxPods: number): number => Math.min(24, 32 - Math.ceil(Math.log2(2 * maxPods)));
