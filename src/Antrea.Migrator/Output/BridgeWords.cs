using System.Collections.Immutable;
using Antrea.Migration.Planning;

namespace Antrea.Migrator.Output;

/// <summary>The bridges as the command line names them.</summary>
internal static class BridgeWords
{
    /// <summary>By word.</summary>
    public static readonly ImmutableSortedDictionary<string, (BridgeKind Kind, string Description)> All =
        new Dictionary<string, (BridgeKind, string)>
        {
            ["multus"] = (BridgeKind.Multus, "every Pod passes through both networks, two restarts"),
            ["policy-route"] = (BridgeKind.PolicyRoute, "Calico Pods are led to PodCIDRs by Calico's tunnel, one restart, no Multus"),
            ["pool"] = (BridgeKind.Pool, "Calico moves to a pool outside of the PodCIDRs and masquerades"),
            ["partition"] = (BridgeKind.Partition, "not at all between two parts of the Nodes, which move one after the other where Calico cannot leave the PodCIDRs"),
            ["auto"] = (BridgeKind.Auto, "whichever suits the cluster"),
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    public static string Word(this BridgeKind kind) => All.First(w => w.Value.Kind == kind).Key;
}
