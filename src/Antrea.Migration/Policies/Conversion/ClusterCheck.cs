using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Looks for everything outside the policies that changes verdicts, so that it is refused by name and never ignored.</summary>
internal sealed class ClusterCheck(ClusterSnapshot snapshot)
{
    private static readonly HashSet<string> HarmlessKinds = new(StringComparer.Ordinal)
    {
        "IPPool", "IPAMBlock", "BlockAffinity", "IPAMHandle", "IPAMConfig", "IPAMConfiguration", "IPReservation", "BGPPeer",
        "BGPConfiguration", "BGPFilter", "CalicoNodeStatus", "KubeControllersConfiguration", "ClusterInformation",
        "FelixConfiguration", "Tier", "NetworkPolicy", "GlobalNetworkPolicy", "NetworkSet", "GlobalNetworkSet", "HostEndpoint",
        "WorkloadEndpoint", "DatastoreMigration",
    };

    private static readonly string[] StagedKinds =
        ["StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy"];

    private static readonly string[] ProfilePrefixes = ["kns.", "ksa.", "projectcalico-default-allow"];

    private readonly ImmutableArray<Finding>.Builder _findings = ImmutableArray.CreateBuilder<Finding>();

    /// <summary>Whether Felix answers what it denies, as Antrea's Reject does.</summary>
    public bool DenyAnswers { get; private set; }

    /// <summary>Runs every check, once.</summary>
    public ImmutableArray<Finding> Run()
    {
        CheckCalico();
        CheckFelix();
        CheckKinds();
        CheckAntrea();
        CheckNodes();
        return _findings.ToImmutable();
    }

    private void CheckCalico()
    {
        foreach (var info in CalicoPolicySet.OfCalico(snapshot, "ClusterInformation"))
        {
            var spec = info.Json["spec"] as JsonObject;
            if (spec?["datastoreReady"]?.ToString() == "false")
            {
                Add(PolicyCode.DatastoreLocked.On(info.ToString(), "spec.datastoreReady is false"));
            }

            if (spec?["variant"]?.ToString() is { Length: > 0 } variant && variant != "Calico")
            {
                Add(PolicyCode.Variant.On(info.ToString(), $"spec.variant is {variant}"));
            }
        }

        if (new FelixSettings(snapshot).OwnEtcd is { } etcd)
        {
            Add(PolicyCode.DatastoreEtcd.On("DaemonSet/calico-node", $"{etcd}: policies are then not among the Kubernetes objects"));
        }

        foreach (var migration in snapshot.Objects.Where(o => o.Kind == "DatastoreMigration"))
        {
            var phase = (migration.Json["status"] as JsonObject)?["phase"]?.ToString() ?? "Pending";
            if (phase != "Complete")
            {
                Add(PolicyCode.DatastoreMigration.On(migration.ToString(), $"its phase is {phase}"));
            }
        }
    }

    private void CheckFelix()
    {
        var felix = new FelixSettings(snapshot);
        foreach (var other in felix.Configurations.Where(c => c.Name != "default"))
        {
            var fields = new[] { "defaultEndpointToHostAction", "iptablesFilterDenyAction" }
                .Where(f => (other.Json["spec"] as JsonObject)?[f] is not null)
                .ToList();
            if (fields.Count > 0)
            {
                Add(PolicyCode.FelixOverride.On(other.ToString(), $"it sets {string.Join(" and ", fields)}"));
            }
        }

        DenyAnswers = "Reject".Equals(felix["iptablesFilterDenyAction"], StringComparison.OrdinalIgnoreCase);
        var toHost = felix["defaultEndpointToHostAction"] ?? (felix.IsNodeKnown ? "Drop" : null);
        if (toHost is null)
        {
            Add(PolicyCode.EndpointToHostUnknown.On(
                "FelixConfiguration/default", "whether Calico drops what Pods send to their own Node is not in the input"));
        }
        else if (!toHost.Equals("Accept", StringComparison.OrdinalIgnoreCase))
        {
            Add(PolicyCode.EndpointToHost.On(
                "FelixConfiguration/default", $"defaultEndpointToHostAction is {toHost}: Pods reach their own Node otherwise than under Antrea"));
        }
    }

    private void CheckKinds()
    {
        foreach (var obj in snapshot.Objects)
        {
            if (obj.Group == "policy.networking.k8s.io")
            {
                Add(PolicyCode.AdminPolicy.On(obj.ToString(), $"{obj.ApiVersion} {obj.Kind} is not converted"));
            }
            else if (obj.Group is not (CalicoMetadata.V1Group or CalicoMetadata.V3Group) || HarmlessKinds.Contains(obj.Kind))
            {
                continue;
            }
            else if (StagedKinds.Contains(obj.Kind))
            {
                Add(PolicyCode.StagedPolicy.On(obj.ToString(), "a staged policy is never enforced, and not converted"));
            }
            else if (obj.Kind != "Profile" || !ProfilePrefixes.Any(p => obj.Name.StartsWith(p, StringComparison.Ordinal)))
            {
                Add(PolicyCode.UnknownKind.On(obj.ToString(), $"{obj.ApiVersion} {obj.Kind} is not known here"));
            }
        }
    }

    private void CheckAntrea()
    {
        foreach (var obj in snapshot.OfKind("crd.antrea.io", "ClusterNetworkPolicy").Concat(snapshot.OfKind("crd.antrea.io", "NetworkPolicy")))
        {
            if (!IsOurs(obj))
            {
                Add(PolicyCode.AntreaPolicyPresent.On(obj.ToString(), "an Antrea policy that was not made here"));
            }
        }
    }

    /// <summary>Whether an Antrea object was written by a conversion.</summary>
    public static bool IsOurs(ClusterObject obj) =>
        ((obj.Json["metadata"] as JsonObject)?["labels"] as JsonObject)?[AntreaPolicyJson.ManagedByLabel]?.ToString()
        == AntreaPolicyJson.ManagedByValue;

    private void CheckNodes()
    {
        foreach (var node in snapshot.Nodes.Where(n => n.OperatingSystem == "windows"))
        {
            Add(PolicyCode.WindowsNode.On($"Node/{node.Name}", "a Windows Node"));
        }
    }

    /// <summary>The Namespaces that cannot be selected by name, because their name label is missing or wrong.</summary>
    public IEnumerable<Finding> CheckNamespaceNames()
    {
        foreach (var ns in snapshot.OfKind("", "Namespace"))
        {
            var label = ((ns.Json["metadata"] as JsonObject)?["labels"] as JsonObject)?[PolicyWorld.NamespaceNameLabel]?.ToString();
            if (label != ns.Name)
            {
                yield return PolicyCode.NamespaceNameLabel.On(
                    ns.ToString(), $"its label {PolicyWorld.NamespaceNameLabel} is {(label is null ? "missing" : $"'{label}'")}");
            }
        }
    }

    private void Add(Finding finding) => _findings.Add(finding);
}
