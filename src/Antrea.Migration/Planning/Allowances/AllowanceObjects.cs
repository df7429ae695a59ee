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
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Planning;

/// <summary>Allowances as the objects that the engines read, and how they are told from everybody else's.</summary>
internal static class AllowanceObjects
{
    /// <summary>The label that every one has, and nothing else.</summary>
    public const string Label = "antrea-migration/allowance";

    /// <summary>Where the engines keep theirs, as paths of the API.</summary>
    public static readonly ImmutableArray<string> Collections =
        [$"apis/{CalicoMetadata.V1Group}/v1/networkpolicies", $"apis/{AntreaPolicyJson.ApiVersion}/networkpolicies"];

    /// <summary>The object, for the Nodes as they are now.</summary>
    public static JsonObject Of(PolicyAllowance allowance, IEnumerable<NodeInfo> nodes) =>
        allowance.Engine == PolicyEngine.Calico ? Calico(allowance, AddressesOf(allowance, nodes)) : Antrea(allowance, AddressesOf(allowance, nodes));

    /// <summary>The addresses that it lets in.</summary>
    public static ImmutableArray<IPAddress> AddressesOf(PolicyAllowance allowance, IEnumerable<NodeInfo> nodes)
    {
        var family = allowance.IsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var names = allowance.Nodes.ToHashSet(StringComparer.Ordinal);
        return
        [
            .. nodes.Where(n => names.Contains(n.Name)).SelectMany(n => allowance.Addresses.SelectMany(kind => Of(n, kind)))
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
    public static ClusterSnapshot Without(ClusterSnapshot snapshot) =>
        snapshot.Objects.Any(IsOne) ? snapshot with { Objects = [.. snapshot.Objects.Where(o => !IsOne(o))] } : snapshot;

    /// <summary>Whether an object is one.</summary>
    public static bool IsOne(JsonObject obj) => obj.TextAt("metadata", "labels", Label) is not null;

    /// <summary>SHA-256, in hexadecimal, of every policy that allowances stand beside.</summary>
    public static string HashOf(ClusterSnapshot snapshot)
    {
        var text = string.Concat(Without(snapshot).Objects
            .Where(o => o.Kind is "NetworkPolicy" or "GlobalNetworkPolicy" && (o.Group == CalicoMetadata.V1Group || o.Group == CalicoMetadata.V3Group || o.Group == KubernetesPolicyReader.Group))
            .OrderBy(o => o.ToString(), StringComparer.Ordinal).ThenBy(o => o.Group, StringComparer.Ordinal)
            .Select(o => $"{o.Group} {o} {o.Json["spec"]?.ToJsonString()}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static bool IsOne(ClusterObject obj) => obj.Kind == "NetworkPolicy" && IsOne(obj.Json);

    /// <remarks>Stored under the tier's name, as Calico before v3.32 reads it; <c>spec.tier</c>, which v3.26 does not know, only where it is another than the default.</remarks>
    private static JsonObject Calico(PolicyAllowance allowance, IEnumerable<IPAddress> addresses)
    {
        var rules = allowance.Ports.GroupBy(p => p.Protocol).Select(g => (JsonNode)new JsonObject
        {
            ["action"] = "Allow",
            ["protocol"] = g.Key,
            ["source"] = new JsonObject { ["nets"] = new JsonArray([.. addresses.Select(a => (JsonNode)Cidr.Host(a).ToString())]) },
            ["destination"] = g.Any(p => p.IsAll)
                ? new JsonObject()
                : new JsonObject { ["ports"] = new JsonArray([.. g.Select(p => p.First == p.Last ? (JsonNode)p.First : $"{p.First}:{p.Last}")]) },
        });
        var spec = new JsonObject
        {
            ["order"] = allowance.Order,
            ["selector"] = SelectorText(allowance),
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

    private static string SelectorText(PolicyAllowance allowance) => allowance.Labels.Count == 0
        ? "all()"
        : string.Join(" && ", allowance.Labels.Select(l => l.Value.IsEmpty
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
