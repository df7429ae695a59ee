using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Tests.Policies;

/// <summary>A small cluster under test: Pods, Namespaces and policies, put together call by call.</summary>
internal sealed class PolicyCluster
{
    private readonly List<PodInfo> _pods = [];
    private readonly List<ClusterObject> _objects = [];
    private bool _isDualStack;

    public string CalicoVersion { get; init; } = "v3.26.1";

    /// <summary>The world of the worked examples: shop/web, shop/db, dev/tool, and a Calico that lets Pods reach their Node.</summary>
    public static PolicyCluster Examples(string calicoVersion = "v3.26.1") =>
        new PolicyCluster { CalicoVersion = calicoVersion }
            .Namespace("shop", ("env", "prod"))
            .Namespace("dev", ("env", "dev"))
            .Pod("shop", "web", "10.10.1.10", ("app", "web"))
            .Pod("shop", "db", "10.10.1.20", ("app", "db"))
            .Pod("dev", "tool", "10.10.1.30", ("app", "web"))
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: FelixConfiguration, metadata: {name: default}, spec: {defaultEndpointToHostAction: Accept}}");

    /// <summary>One Node and one IPPool, and nothing else.</summary>
    public static PolicyCluster Empty() => new();

    public PolicyConversionOptions Options => new() { CalicoVersion = CalicoVersion };

    public ClusterSnapshot Snapshot => new()
    {
        Nodes =
        [
            new NodeInfo
            {
                Name = "n1",
                PodCidrs = [Cidr.Parse("10.10.0.0/24"), .. _isDualStack ? [Cidr.Parse("fd00:10:0:1::/64")] : Array.Empty<Cidr>()],
                InternalIPs = [IPAddress.Parse("172.18.0.2")],
            },
        ],
        Pods = [.. _pods.Select((pod, i) => _isDualStack ? pod with { PodIPs = [.. pod.PodIPs, IPAddress.Parse($"fd00:10:0:1::{i + 2:x}")] } : pod)],
        CalicoIpam = new CalicoIpam(
            [
                new IPPool { Name = "default-ipv4-ippool", Cidr = Cidr.Parse("10.10.0.0/16"), BlockSize = 26 },
                .. _isDualStack ? [new IPPool { Name = "default-ipv6-ippool", Cidr = Cidr.Parse("fd00:10::/48"), BlockSize = 122 }] : Array.Empty<IPPool>(),
            ],
            [],
            []),
        Objects = [.. _objects],
    };

    /// <summary>Gives every Pod an IPv6 address as well.</summary>
    public PolicyCluster DualStack()
    {
        _isDualStack = true;
        return this;
    }

    public PolicyCluster Namespace(string name, params (string Key, string Value)[] labels)
    {
        var json = new JsonObject { ["kubernetes.io/metadata.name"] = name };
        foreach (var (key, value) in labels)
        {
            json[key] = value;
        }

        _objects.Add(new ClusterObject(
            new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = json } },
            "test"));
        return this;
    }

    public PolicyCluster Pod(string @namespace, string name, string ip, params (string Key, string Value)[] labels)
    {
        _pods.Add(new PodInfo
        {
            Namespace = @namespace,
            Name = name,
            NodeName = "n1",
            Phase = "Running",
            PodIPs = [IPAddress.Parse(ip)],
            Labels = labels.ToImmutableSortedDictionary(l => l.Key, l => l.Value, StringComparer.Ordinal),
        });
        return this;
    }

    /// <summary>Adds every object of a YAML text.</summary>
    public PolicyCluster Add(string yaml)
    {
        _objects.AddRange(YamlObjects.Read(yaml));
        return this;
    }

    /// <summary>Adds a Calico policy as the API server stores it for tier default.</summary>
    public PolicyCluster NetworkPolicy(string @namespace, string name, string spec) =>
        Add($"{{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {{name: default.{name}, namespace: {@namespace}, "
            + $"annotations: {{projectcalico.org/metadata: '{{}}'}}}}, spec: {spec}}}");

    /// <inheritdoc cref="NetworkPolicy"/>
    public PolicyCluster GlobalPolicy(string name, string spec) =>
        Add($"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: default.{name}, "
            + $"annotations: {{projectcalico.org/metadata: '{{}}'}}}}, spec: {spec}}}");

    public PolicyConversion Convert() => PolicyConverter.Convert(Snapshot, Options);

    public PolicyProof Verify(IEnumerable<JsonObject> antrea) => PolicyVerifier.Verify(Snapshot, antrea, Options);

    /// <summary>The endpoint of a Pod (namespace/name) or of an address.</summary>
    public TrafficEndpoint Endpoint(string text)
    {
        var pod = PolicyWorld.From(Snapshot).Pods.FirstOrDefault(p => p.ToString() == text);
        return pod is null ? new TrafficEndpoint(IPAddress.Parse(text)) : new TrafficEndpoint(pod.Addresses[0], pod);
    }

    public Traffic Flow(string from, string to, int port, IPProtocol? protocol = null, int sourcePort = 40000) =>
        new(Endpoint(from), Endpoint(to), protocol ?? IPProtocol.Tcp, sourcePort, port);

    /// <summary>Calico's verdict, after making sure that the conversion, refusing nothing, gives the same.</summary>
    public VerdictKind VerdictOfBoth(Traffic traffic, Direction direction)
    {
        var conversion = Convert();
        Assert.That(conversion.HasRefusals, Is.False, () => string.Join('\n', conversion.Findings));
        var calico = PolicyEvaluators.CalicoTables(Snapshot, Options).Evaluate(traffic, direction);
        var antrea = PolicyEvaluators.AntreaTables(Snapshot, conversion.Objects).Evaluate(traffic, direction);
        Assert.That(antrea.Kind, Is.EqualTo(calico.Kind), $"{traffic}: Calico {calico}; Antrea {antrea}");
        var proof = Verify(conversion.Objects);
        Assert.That(proof.Verdict, Is.EqualTo(ProofVerdict.Equal), () => proof.CounterExample?.ToString() ?? proof.Reason!);
        return calico.Kind;
    }
}
