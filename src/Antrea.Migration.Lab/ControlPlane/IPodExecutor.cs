using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Carries out <c>pods/exec</c> and <c>pods/log</c> for the API server: the hollow Nodes implement it.</summary>
internal interface IPodExecutor
{
    /// <summary>Why the API server cannot reach the kubelet of the Pod's Node, in its own words; null when it can.</summary>
    string? ObstacleTo(JsonObject pod) => null;

    /// <summary>Runs <paramref name="argv"/> in the Pod's container and returns its exit code.</summary>
    /// <remarks>127 when the lab has no such program. Standard input ends when <paramref name="input"/> does; null when not asked for.</remarks>
    Task<int> ExecAsync(
        JsonObject pod,
        string container,
        IReadOnlyList<string> argv,
        Stream? input,
        Stream output,
        Stream error,
        CancellationToken cancellationToken);
}
