namespace Antrea.Migration.Routing.Reachability;

/// <summary>A Pod that some senders cannot open a connection to, because of an overlap of addresses.</summary>
/// <param name="Pod">The Pod, as <c>namespace/name</c>.</param>
/// <param name="Node">Its Node.</param>
/// <param name="Address">The address at which it cannot be reached.</param>
/// <param name="From">The senders: which networks' Pods, on which Nodes.</param>
/// <param name="Reason">Which packets are lost and where, in one sentence; the same for all Pods that are lost alike.</param>
public sealed record UnreachablePod(string Pod, string Node, string Address, string From, string Reason);
