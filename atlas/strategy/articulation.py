"""Who holds a network together: the pairs that fall apart when one node is taken out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def pairs_cut(graph: csr_array) -> NDArray[np.intp]:
    """For each node, how many pairs of others it alone connects; 0 unless it is an articulation point.

    One depth-first walk with Tarjan's low links; taking a node out leaves as many parts as it has children that
    reach no higher than itself, and the rest of its component.

    Source
    ------
    Tarjan, R. (1972). Depth-first search and linear graph algorithms. SIAM Journal on Computing 1(2), 146-160.

    Examples
    --------
    A path of four and a triangle: the second and the third node of the path cut 1 × 2 pairs each.

    >>> edges = np.array([(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 4)])
    >>> both = np.concatenate([edges, edges[:, ::-1]])
    >>> pairs_cut(csr_array((np.ones(12), both.T), shape=(7, 7))).tolist()
    [0, 2, 2, 0, 0, 0, 0]
    """
    count = graph.shape[0]
    starts, ends = graph.indptr.tolist(), graph.indices.tolist()
    entered, low = [-1] * count, [0] * count
    parent, size = [-1] * count, [1] * count
    parts: list[list[int]] = [[] for _ in range(count)]  # sizes of what each node alone connects to the rest
    cuts = np.zeros(count, dtype=np.intp)
    clock = 0
    for root in range(count):
        if entered[root] >= 0:
            continue
        stack, members = [(root, starts[root])], []
        entered[root] = low[root] = clock
        clock += 1
        while stack:
            node, at = stack[-1]
            if at < starts[node + 1]:
                stack[-1] = (node, at + 1)
                other = ends[at]
                if entered[other] < 0:
                    parent[other] = node
                    entered[other] = low[other] = clock
                    clock += 1
                    stack.append((other, starts[other]))
                elif other != parent[node]:
                    low[node] = min(low[node], entered[other])
                continue
            stack.pop()
            members.append(node)
            above = parent[node]
            if above >= 0:
                size[above] += size[node]
                low[above] = min(low[above], low[node])
                if low[node] >= entered[above]:
                    parts[above].append(size[node])
        for node in members:
            own = parts[node]
            rest = len(members) - 1 - sum(own)
            own = [*own, rest] if rest else own
            cuts[node] = (sum(own) ** 2 - sum(one**2 for one in own)) // 2
    return cuts
