using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>A port that a Pod's container gives a name.</summary>
/// <param name="Name">The name.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Number">1–65535.</param>
public sealed record NamedPort(string Name, string Protocol, int Number);

/// <summary>A Pod as policies see it.</summary>
/// <param name="Namespace">The Namespace.</param>
/// <param name="Name">The name.</param>
/// <param name="ServiceAccount"><c>spec.serviceAccountName</c>; empty when unknown.</param>
/// <param name="Labels">The Pod's own labels.</param>
/// <param name="Addresses">At least one, the primary first.</param>
public sealed record PolicyPod(
    string Namespace, string Name, string ServiceAccount, ImmutableSortedDictionary<string, string> Labels, ImmutableArray<IPAddress> Addresses)
{
    /// <summary>The named ports of its containers, init containers left out.</summary>
    public ImmutableArray<NamedPort> NamedPorts { get; init; } = [];

    /// <summary>The named ports of its init containers: Calico counts them from v3.30 on, Antrea never.</summary>
    public ImmutableArray<NamedPort> InitNamedPorts { get; init; } = [];

    /// <summary><c>namespace/name</c>.</summary>
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>A Node as policies see it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Addresses">What a <c>nodeSelector</c> peer of Antrea's covers: the InternalIPs and the first address of each
/// PodCIDR, which its gateway has.</param>
public sealed record PolicyNode(string Name, ImmutableSortedDictionary<string, string> Labels, ImmutableArray<IPAddress> Addresses);

/// <summary>A Service as policies see it.</summary>
/// <param name="Namespace">The Namespace.</param>
/// <param name="Name">The name.</param>
/// <param name="Selector">The labels that its Pods have; empty for a Service without selector.</param>
/// <param name="Endpoints">The addresses of its EndpointSlices, ready or not, each with each port that has a number; distinct, in a fixed order.</param>
/// <param name="Addresses">The addresses alone, those without a port number included.</param>
public sealed record PolicyService(
    string Namespace,
    string Name,
    ImmutableSortedDictionary<string, string> Selector,
    ImmutableArray<ServiceEndpoint> Endpoints,
    ImmutableArray<IPAddress> Addresses);

/// <summary>Where a Service sends to.</summary>
/// <param name="Address">The backend's address.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Port">The backend's port, 1–65535.</param>
public sealed record ServiceEndpoint(IPAddress Address, string Protocol, int Port);

/// <summary>Who policies can select: Pods that have addresses of their own, and the labels of their Namespaces.</summary>
/// <remarks>Immutable and safe for use by several threads.</remarks>
/// <param name="pods">In the order that results are given in.</param>
/// <param name="namespaces">Labels by Namespace; a Namespace that is missing here has none but its name.</param>
public sealed class PolicyWorld(
    ImmutableArray<PolicyPod> pods, ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>> namespaces)
{
    /// <summary>The label that Kubernetes (1.21 and later) keeps a Namespace's name in.</summary>
    public const string NamespaceNameLabel = "kubernetes.io/metadata.name";

    /// <summary>Where CNI plugins write a Pod's addresses, in the order that they are looked at.</summary>
    private static readonly string[] AddressAnnotations = ["cni.projectcalico.org/podIPs", "cni.projectcalico.org/podIP", "vpc.amazonaws.com/pod-ips"];

    /// <summary>Several readers want the same snapshot's, and the largest clusters take seconds to read.</summary>
    private static readonly ConditionalWeakTable<ClusterSnapshot, PolicyWorld> Known = [];

    private readonly ILookup<string, PolicyPod> _byNamespace = pods.ToLookup(p => p.Namespace, StringComparer.Ordinal);

    /// <summary>The Pods; sorted by Namespace and name when they come from a snapshot.</summary>
    public ImmutableArray<PolicyPod> Pods => pods;

    /// <summary>Labels of service accounts, by Namespace and name; one that is missing here has none.</summary>
    public ImmutableDictionary<(string Namespace, string Name), ImmutableSortedDictionary<string, string>> ServiceAccounts { get; init; } =
        ImmutableDictionary<(string Namespace, string Name), ImmutableSortedDictionary<string, string>>.Empty;

    /// <summary>The Nodes, sorted by name.</summary>
    public ImmutableArray<PolicyNode> Nodes { get; init; } = [];

    /// <summary>The Services, sorted by Namespace and name.</summary>
    public ImmutableArray<PolicyService> Services { get; init; } = [];

    /// <summary>Labels by Namespace.</summary>
    public ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>> Namespaces => namespaces;

    /// <summary>The world of a snapshot. Pods on their Node's network, ended ones and those without an address are left out:
    /// no Pod selector reaches them, in Calico as in Antrea.</summary>
    /// <remarks>A snapshot is read once: what is changed in its objects' JSON afterwards is not seen. As Calico does, a Pod's address is read from the
    /// annotation of its CNI plugin while its status has none, and a Pod whose annotation was emptied on the way out counts as ended. Source: Calico <c>libcalico-go/lib/backend/k8s/conversion</c>.</remarks>
    public static PolicyWorld From(ClusterSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return Known.GetValue(snapshot, Read);
    }

    private static PolicyWorld Read(ClusterSnapshot snapshot)
    {
        var specs = snapshot.OfKind("", "Pod")
            .DistinctBy(o => (o.Namespace, o.Name))
            .ToDictionary(o => (o.Namespace, o.Name), o => o.Json["spec"] as JsonObject);
        var selectable = snapshot.Pods
            .Where(p => !p.HostNetwork && !HasEnded(p))
            .Select(p => (Pod: p, Spec: specs.GetValueOrDefault((p.Namespace, p.Name))))
            .Select(p => new PolicyPod(
                p.Pod.Namespace, p.Pod.Name, p.Spec.TextAt("serviceAccountName") ?? "", p.Pod.Labels, AddressesOf(p.Pod))
            {
                NamedPorts = [.. ReadNamedPorts(p.Spec, "containers")],
                InitNamedPorts = [.. ReadNamedPorts(p.Spec, "initContainers")],
            })
            .Where(p => p.Addresses.Length > 0)
            .DistinctBy(p => (p.Namespace, p.Name))
            .OrderBy(p => p.Namespace, StringComparer.Ordinal)
            .ThenBy(p => p.Name, StringComparer.Ordinal);
        var labels = ImmutableSortedDictionary.CreateBuilder<string, ImmutableSortedDictionary<string, string>>(StringComparer.Ordinal);
        foreach (var obj in snapshot.OfKind("", "Namespace"))
        {
            labels[obj.Name] = ReadLabels(obj);
        }

        return new PolicyWorld([.. selectable], labels.ToImmutable())
        {
            ServiceAccounts = snapshot.OfKind("", "ServiceAccount")
                .DistinctBy(o => (o.Namespace, o.Name))
                .ToImmutableDictionary(o => (o.Namespace, o.Name), ReadLabels),
            Nodes = ReadNodes(snapshot),
            Services = PolicyServiceReader.Read(snapshot),
        };
    }

    /// <summary>The Pods of one Namespace, or all of them (null).</summary>
    internal IEnumerable<PolicyPod> PodsIn(string? @namespace) =>
        @namespace is null ? pods : _byNamespace[@namespace];

    /// <summary>The labels of a Namespace, its name label included.</summary>
    public ImmutableSortedDictionary<string, string> LabelsOf(string @namespace)
    {
        var labels = namespaces.GetValueOrDefault(@namespace, ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));
        return labels.ContainsKey(NamespaceNameLabel) ? labels : labels.Add(NamespaceNameLabel, @namespace);
    }

    private static bool HasEnded(PodInfo pod) =>
        pod.HasEnded || (pod.Terminating && AddressAnnotations.Any(a => pod.Annotations.TryGetValue(a, out var addresses) && addresses.Length == 0));

    private static ImmutableArray<IPAddress> AddressesOf(PodInfo pod) => pod.PodIPs.Length > 0
        ? pod.PodIPs
        : AddressAnnotations
            .Select(a => AddressesIn(pod.Annotations.GetValueOrDefault(a, "")))
            .FirstOrDefault(a => a.Length > 0, []);

    private static ImmutableArray<IPAddress> AddressesIn(string annotation) =>
    [
        .. annotation.Split(',')
            .Select(a => CalicoNet.TryParse(a.Trim(), out var net) && net.AddressCount == 1 ? net.FirstAddress : null)
            .OfType<IPAddress>(),
    ];

    private static IEnumerable<NamedPort> ReadNamedPorts(JsonObject? spec, string containers) =>
        from container in spec.ItemsAt(containers)
        from port in container.ItemsAt("ports")
        let name = port.TextAt("name")
        where name is not null
        select new NamedPort(name, port.TextAt("protocol") ?? "TCP", (int)Math.Clamp(port.NumberAt("containerPort") ?? 0, 0, 65536));

    private static ImmutableArray<PolicyNode> ReadNodes(ClusterSnapshot snapshot)
    {
        var labels = snapshot.OfKind("", "Node").DistinctBy(o => o.Name).ToDictionary(o => o.Name, ReadLabels, StringComparer.Ordinal);
        return
        [
            .. snapshot.Nodes
                .OrderBy(n => n.Name, StringComparer.Ordinal)
                .Select(n => new PolicyNode(
                    n.Name,
                    labels.GetValueOrDefault(n.Name, ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal)),
                    [.. n.InternalIPs, .. GatewaysOf(n)])),
        ];
    }

    /// <summary>What a Node's <c>antrea-gw0</c> has: the first address of each of its PodCIDRs.</summary>
    internal static IEnumerable<IPAddress> GatewaysOf(NodeInfo node) =>
        node.PodCidrs.Where(c => c.FirstAddress.ToString() != c.LastAddress.ToString()).Select(c => c.AddressAt(1));

    private static ImmutableSortedDictionary<string, string> ReadLabels(ClusterObject obj)
    {
        var labels = (obj.Json["metadata"] as JsonObject)?["labels"] as JsonObject;
        return (labels ?? []).ToImmutableSortedDictionary(l => l.Key, l => l.Value?.ToString() ?? "", StringComparer.Ordinal);
    }
}
