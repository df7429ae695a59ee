namespace Antrea.Migration.Routing.Reachability;

/// <summary>A workload or a Service, some of whose Pods cannot be reached.</summary>
/// <param name="Kind">For example <c>Deployment</c> or <c>Service</c>; <c>Pod</c> for a Pod without a workload.</param>
/// <param name="Namespace">Its Namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="CutOff">How many of its Pods cannot be reached, each counted once.</param>
/// <param name="Total">How many Pods it has: those that run, and of a Service those that it selects.</param>
/// <param name="From">Who cannot reach some or all of them: the networks, joined by "and".</param>
public sealed record CutOffGroup(string Kind, string Namespace, string Name, int CutOff, int Total, string From);
