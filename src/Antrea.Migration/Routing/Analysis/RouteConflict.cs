using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Routes by which somebody cannot reach somebody, or soon will not.</summary>
/// <param name="Id">Stable code in kebab case, for example <c>calico-route-inside-pod-cidr</c>.</param>
/// <param name="Severity">How much it weighs.</param>
/// <param name="Nodes">The Nodes whose tables show it, by name; equal conflicts of several Nodes are one.</param>
/// <param name="Route">The route as <c>ip route</c> prints it, of the first of the Nodes; empty where a route is missing.</param>
/// <param name="Evidence">What was seen, in one sentence.</param>
/// <param name="Dies">Who loses whom.</param>
/// <param name="Remedy">What to do about it, in one sentence.</param>
public sealed record RouteConflict(
    string Id, Severity Severity, IReadOnlyList<string> Nodes, string Route, string Evidence, string Dies, string Remedy)
{
    /// <summary>The conflict as a finding, so that one list can hold it beside others.</summary>
    public Finding ToFinding() =>
        new(Id, Severity, Nodes.Count == 1 ? $"Node/{Nodes[0]}" : $"{Nodes.Count} Nodes ({Nodes[0]}…)", $"{Evidence}; {Dies}", Remedy);
}
