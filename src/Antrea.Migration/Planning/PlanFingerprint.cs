using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>What a plan was made from, as far as anything that it shows depends on it: when that has changed, the plan is not what its reader agreed to.</summary>
/// <remarks>
/// Kept part by part, so that a refusal can say what has changed. Left out is what changes by itself: Pods with their names and addresses, how many a workload has, what
/// their predicted losses add up to; and how each workload restarts, which is decided anew when its turn comes (docs/adr/0018). Pods' labels count by what policies make of
/// them: the predicted changes are a part, by what tells Pods apart for policies.
/// </remarks>
internal static class PlanFingerprint
{
    /// <summary>The part that says which Nodes there are.</summary>
    public const string Nodes = "Nodes and their PodCIDRs";

    private const int PartLength = 12;

    /// <summary>The kinds of Calico's that steps or predictions are made from. Not among them is what Calico's own programs write: ClusterInformation, blocks, handles.</summary>
    private static readonly string[] CalicoKinds =
    [
        "IPPool", "NetworkPolicy", "GlobalNetworkPolicy", "Tier", "NetworkSet", "GlobalNetworkSet", "HostEndpoint", "FelixConfiguration", "BGPConfiguration", "IPAMConfig", "IPAMConfiguration",
        "KubeControllersConfiguration", "IPReservation",
    ];

    /// <summary>Those of them that selectors find by their labels.</summary>
    private static readonly string[] LabelledKinds = ["NetworkSet", "GlobalNetworkSet", "HostEndpoint"];

    /// <summary>A hash for each part, by its name for people; what is asked for by an option has the option's name.</summary>
    public static ImmutableSortedDictionary<string, string> Of(
        ClusterSnapshot snapshot,
        MigrationOptions options,
        AddressAnalysis analysis,
        string antreaVersion,
        BridgeStrategy bridge,
        NodePartition? partition,
        Readdressing? readdressing,
        PolicyPrediction.Outlook policies)
    {
        var parts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        Add("manifests", [MigrationPlanner.ManifestHash(options)]);
        Add("Antrea version", [antreaVersion]);
        Add("scenario", [analysis.Scenario.ToString()]);
        Add("bridge", [bridge.Kind.ToString()]);
        Add("--restart", options.Restart == RestartMode.Reschedule ? [] : [options.Restart.ToString()]);
        Add("--max-unavailable", options.MaxUnavailable is { } most ? [most.ToString(CultureInfo.InvariantCulture)] : []);
        Add("first part", partition?.FirstPart ?? []);
        Add(Nodes, snapshot.Nodes.Select(n => $"{n.Name} {string.Join(' ', n.PodCidrs)}").Order(StringComparer.Ordinal));
        Add("Service CIDRs", snapshot.ServiceCidrs.Select(c => c.ToString()));
        Add("policy allowances", policies.Allowances.Select(AllowanceObjects.TextOf));
        Add(
            "what policies decide otherwise for a while",
            policies.Changes.Concat(policies.LetIn).Select(c => $"{c.Phase} {KeyOf(c.From)} {KeyOf(c.To)} {string.Join(',', c.Ports)} {c.Opens}").Distinct().Order(StringComparer.Ordinal));
        Add("readdressing", readdressing is null ? [] : TextOf(readdressing));
        foreach (var kind in Inputs(snapshot).GroupBy(o => $"{o.Group}/{o.Kind}"))
        {
            Add(kind.Key, kind.OrderBy(o => o.ToString(), StringComparer.Ordinal).Select(o => $"{o} {o.Json["spec"]?.ToJsonString()}{(LabelledKinds.Contains(o.Kind) ? o.Json.At("metadata", "labels")?.ToJsonString() : "")}"));
        }

        return parts.ToImmutable();

        // Names are followed by the network, in brackets.
        string KeyOf(string name) => name.LastIndexOf(" (", StringComparison.Ordinal) is > 0 and var end && policies.Keys.TryGetValue(name[..end], out var key) ? key + name[end..] : name;

        void Add(string name, IEnumerable<string> lines)
        {
            var text = string.Join('\n', lines);
            if (text.Length > 0)
            {
                parts[name] = Hash(text)[..PartLength];
            }
        }
    }

    /// <summary>All parts in one: SHA-256, in hexadecimal.</summary>
    public static string Join(ImmutableSortedDictionary<string, string> parts) => Hash(string.Concat(parts.Select(p => $"{p.Key} {p.Value}\n")));

    /// <summary>The names of the parts that two plans do not have in common, in order.</summary>
    public static ImmutableArray<string> Drift(MigrationPlan then, MigrationPlan now) =>
        [.. then.Inputs.Keys.Union(now.Inputs.Keys).Where(name => then.Inputs.GetValueOrDefault(name) != now.Inputs.GetValueOrDefault(name)).Order(StringComparer.Ordinal)];

    /// <summary>SHA-256, in hexadecimal.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static IEnumerable<string> TextOf(Readdressing readdressing) =>
    [
        .. readdressing.Pools.Select(p => $"new {p.Name} {p.Cidr} {p.BlockSize} {p.Replaces}"),
        .. readdressing.OldPools.Select(p => $"old {p}"),
        .. readdressing.Ranges.Select(r => $"gives up {r}"),
        .. readdressing.CordonedNodes.Select(n => $"cordons {n}"),
        $"empties {readdressing.EmptiesOldPools}, deletes {readdressing.DeletesOldPools}",
    ];

    private static IEnumerable<ClusterObject> Inputs(ClusterSnapshot snapshot) =>
        snapshot.Objects.Where(o =>
            (o.Group.EndsWith("projectcalico.org", StringComparison.Ordinal) && CalicoKinds.Contains(o.Kind))
            || o is { Group: "operator.tigera.io", Kind: "Installation" }
            || o is { Group: "networking.k8s.io", Kind: "NetworkPolicy" });
}
