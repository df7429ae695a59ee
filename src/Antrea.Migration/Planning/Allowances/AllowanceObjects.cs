using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Planning;

/// <summary>Allowances as the objects that the engines read, and how they are told from everybody else's.</summary>
internal static class AllowanceObjects
{
    /// <summary>The label that every one has, and nothing else.</summary>
    public const string Label = "antrea-migration/allowance";

    /// <summary>How long a selector may be, in characters; <c>nets</c> and <c>ports</c> are longer in several rules.</summary>
    /// <remarks>Source: the definitions of Calico v3.33 (before, only the size of the object limits them).</remarks>
    public const int MostSelectorCharacters = 1024;

    private const int MostNets = 256;
    private const int MostPorts = 50;

    /// <summary>Where the engines keep theirs, as paths of the API.</summary>
    public static readonly ImmutableArray<string> Collections =
        [$"apis/{CalicoMetadata.V1Group}/v1/networkpolicies", $"apis/{AntreaPolicyJson.ApiVersion}/networkpolicies"];

    /// <summary>The object, for the Nodes as they are now.</summary>
    /// <exception cref="InvalidOperationException">None of its Nodes has an address now; see <see cref="AddressesOf(PolicyAllowance, IEnumerable{NodeInfo})"/>.</exception>
    public static JsonObject Of(PolicyAllowance allowance, IEnumerable<NodeInfo> nodes) => AddressesOf(allowance, nodes) is { IsEmpty: false } addresses
        ? Of(allowance, addresses)
        : throw new InvalidOperationException($"Allowance {allowance.Namespace}/{allowance.Name} has no addresses, and a rule without any would let everybody in.");

    /// <summary>What it is whichever addresses its Nodes have: nothing to be applied.</summary>
    public static string TextOf(PolicyAllowance allowance) =>
        $"{Of(allowance, ImmutableArray<IPAddress>.Empty)} {string.Join(' ', allowance.Addresses)} {string.Join(' ', allowance.Nodes)}";

    /// <summary>The addresses that it lets in; none where all of its Nodes are gone.</summary>
    public static ImmutableArray<IPAddress> AddressesOf(PolicyAllowance allowance, IEnumerable<NodeInfo> nodes) =>
        AddressesOf(allowance.Nodes, allowance.Addresses, allowance.IsIPv6, nodes);

    /// <summary>The addresses of some kinds that some Nodes have.</summary>
    public static ImmutableArray<IPAddress> AddressesOf(IEnumerable<string> names, ImmutableArray<NodeAddress> kinds, bool isIPv6, IEnumerable<NodeInfo> nodes)
    {
        var family = isIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var wanted = names.ToHashSet(StringComparer.Ordinal);
        return
        [
            .. nodes.Where(n => wanted.Contains(n.Name)).SelectMany(n => kinds.SelectMany(kind => Of(n, kind)))
                .Distinct().OrderBy(Cidr.Host),
        ];

        IEnumerable<IPAddress> Of(NodeInfo node, NodeAddress kind)
        {
            var own = node.InternalIPs.Where(a => a.AddressFamily == family);
            return kind switch
            {
                NodeAddress.Gateway => PolicyWorld.GatewaysOf(node).Where(a => a.AddressFamily == family),
                NodeAddress.Tunnel => node.CalicoTunnelAddresses.Where(a => a.AddressFamily == family).DefaultIfEmpty(own.FirstOrDefault()).OfType<IPAddress>(),
                _ => own,
            };
        }
    }

    /// <summary>The Pods it is about.</summary>
    public static LabelSelector SelectorOf(PolicyAllowance allowance) => new(
    [
        .. allowance.Labels.Select(l => l.Value.IsEmpty
            ? new LabelRequirement(l.Key, LabelOperator.DoesNotExist, [])
            : new LabelRequirement(l.Key, LabelOperator.In, l.Value)),
    ]);

    /// <summary>The cluster without them: they are no policies that anybody wants converted or kept.</summary>
    /// <remarks>Calico's own API shows one again, under its short name and without the label.</remarks>
    public static ClusterSnapshot Without(ClusterSnapshot snapshot)
    {
        var shown = snapshot.Objects.Where(o => IsOne(o) && o.Group == CalicoMetadata.V1Group).Select(o => (o.Namespace, o.Name[(o.Name.IndexOf('.', StringComparison.Ordinal) + 1)..])).ToHashSet();
        return snapshot.Objects.Any(IsOne)
            ? snapshot with
            {
                Objects = [.. snapshot.Objects.Where(o => !IsOne(o) && !(o is { Kind: "NetworkPolicy", Group: CalicoMetadata.V3Group } && shown.Contains((o.Namespace, o.Name))))],
            }
            : snapshot;
    }

    /// <summary>Says which ones a migration has left.</summary>
    public static IEnumerable<Finding> Check(ClusterSnapshot snapshot) => snapshot.Objects.Where(IsOne).Select(o => new Finding(
        "policy-allowance-left",
        Severity.Warning,
        $"{o.Namespace}/{o.Name}",
        $"A migration has left this allowance, a NetworkPolicy of {o.Group}: it lets in what policies deny, and the plan leaves it out",
        $"Let that migration go on or roll it back, which removes it; or remove it with kubectl delete networkpolicies.{o.Group} {o.Name} -n {o.Namespace}"));

    /// <summary>Whether an object is one.</summary>
    public static bool IsOne(JsonObject obj) => obj.TextAt("metadata", "labels", Label) is not null;

    /// <summary>SHA-256, in hexadecimal, of every policy that allowances stand beside, and of what these go by: tiers, and sets with their labels.</summary>
    public static string HashOf(ClusterSnapshot snapshot)
    {
        var text = string.Concat(Without(snapshot).Objects
            .Where(o => o.Kind is "NetworkPolicy" or "GlobalNetworkPolicy" or "Tier" or "NetworkSet" or "GlobalNetworkSet"
                && (o.Group == CalicoMetadata.V1Group || o.Group == CalicoMetadata.V3Group || o.Group == KubernetesPolicyReader.Group))
            .OrderBy(o => o.ToString(), StringComparer.Ordinal).ThenBy(o => o.Group, StringComparer.Ordinal)
            .Select(o => $"{o.Group} {o} {o.Json["spec"]?.ToJsonString()} {(o.Kind.EndsWith("Set", StringComparison.Ordinal) ? LabelsOf(o) : "")}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static string LabelsOf(ClusterObject set) => string.Join(',', CalicoMetadata.Read(set, []).Labels.Select(l => $"{l.Key}={l.Value}"));

    private static bool IsOne(ClusterObject obj) => obj.Kind == "NetworkPolicy" && IsOne(obj.Json);

    private static JsonObject Of(PolicyAllowance allowance, ImmutableArray<IPAddress> addresses) =>
        allowance.Engine == PolicyEngine.Calico ? Calico(allowance, addresses) : Antrea(allowance, addresses);

    /// <remarks>Stored under the tier's name, as Calico before v3.32 reads it; <c>spec.tier</c>, which v3.26 does not know, only where it is another than the default.</remarks>
    private static JsonObject Calico(PolicyAllowance allowance, IEnumerable<IPAddress> addresses)
    {
        var rules =
            from protocol in allowance.Ports.GroupBy(p => p.Protocol)
            from ports in protocol.Any(p => p.IsAll) ? [[]] : protocol.Chunk(MostPorts)
            from nets in addresses.Chunk(MostNets).DefaultIfEmpty([])
            select (JsonNode)new JsonObject
            {
                ["action"] = "Allow",
                ["protocol"] = protocol.Key,
                ["source"] = new JsonObject { ["nets"] = new JsonArray([.. nets.Select(a => (JsonNode)Cidr.Host(a).ToString())]) },
                ["destination"] = ports.Length == 0
                    ? new JsonObject()
                    : new JsonObject { ["ports"] = new JsonArray([.. ports.Select(p => p.First == p.Last ? (JsonNode)p.First : $"{p.First}:{p.Last}")]) },
            };
        var spec = new JsonObject
        {
            ["order"] = allowance.Order,
            ["selector"] = SelectorText(allowance.Labels),
            ["types"] = new JsonArray("Ingress"),
            ["ingress"] = new JsonArray([.. rules]),
        };
        if (allowance.Tier != CalicoTier.DefaultName)
        {
            spec["tier"] = allowance.Tier;
        }

        return new JsonObject
        {
            ["apiVersion"] = $"{CalicoMetadata.V1Group}/v1",
            ["kind"] = "NetworkPolicy",
            ["metadata"] = Metadata(allowance, $"{allowance.Tier}.{allowance.Name}"),
            ["spec"] = spec,
        };
    }

    /// <summary>The Pods with these labels, as Calico reads it.</summary>
    public static string SelectorText(IReadOnlyDictionary<string, ImmutableArray<string>> labels) => labels.Count == 0
        ? "all()"
        : string.Join(" && ", labels.Select(l => l.Value.IsEmpty
            ? $"!has({l.Key})"
            : $"{l.Key} in {{{string.Join(", ", l.Value.Select(v => $"'{v}'"))}}}"));

    private static JsonObject Antrea(PolicyAllowance allowance, IEnumerable<IPAddress> addresses)
    {
        var json = AntreaPolicyJson.Write(
            new AntreaPolicy
            {
                Namespace = allowance.Namespace,
                Name = allowance.Name,
                Tier = allowance.Tier,
                Priority = allowance.Order,
                AppliedTo = [new AntreaPeer(null, SelectorOf(allowance), null)],
                Ingress =
                [
                    new AntreaRule(
                        "allow",
                        AntreaAction.Allow,
                        [.. addresses.Select(a => AntreaPeer.Of(Cidr.Host(a)))],
                        [.. allowance.Ports.Select(p => new AntreaPort(p.Protocol, p.IsAll ? null : p.First, p.First == p.Last || p.IsAll ? null : p.Last, null, null))]),
                ],
            },
            "");

        // Not of a conversion, whose next run would take it for a left-over.
        json["metadata"] = Metadata(allowance, allowance.Name);
        return json;
    }

    private static JsonObject Metadata(PolicyAllowance allowance, string name) => new()
    {
        ["name"] = name,
        ["namespace"] = allowance.Namespace,
        ["labels"] = new JsonObject { [AntreaPolicyJson.ManagedByLabel] = AntreaPolicyJson.ManagedByValue, [Label] = StepNames.Of(allowance.Phase) },
    };
}
