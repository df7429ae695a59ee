using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What a Node's programs know of another Node.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IPv4">Its IPv4 side; null when it has no InternalIP of that family.</param>
/// <param name="IPv6">Its IPv6 side.</param>
internal sealed record PeerNode(string Name, PeerAddresses? IPv4, PeerAddresses? IPv6)
{
    /// <summary>The families it has.</summary>
    public IEnumerable<PeerAddresses> Families => new[] { IPv4, IPv6 }.OfType<PeerAddresses>();

    /// <summary>Its main address: IPv4's where it has both.</summary>
    public IPAddress Address => Families.First().Address;

    /// <summary>The PodCIDR of the same family.</summary>
    public Cidr? PodCidr => Families.First().PodCidr;

    public ImmutableArray<Cidr> PodCidrs => [.. Families.Select(family => family.PodCidr).OfType<Cidr>()];

    public PeerAddresses? Of(bool isIPv6) => isIPv6 ? IPv6 : IPv4;
}

/// <summary>One family's addresses of a Node.</summary>
/// <param name="Address">Its InternalIP.</param>
/// <param name="PodCidr">Its PodCIDR, or null.</param>
/// <param name="VxlanTunnel">The address of its vxlan.calico or vxlan-v6.calico, or null.</param>
internal sealed record PeerAddresses(IPAddress Address, Cidr? PodCidr, IPAddress? VxlanTunnel);

/// <summary>An enabled or disabled Calico pool, as far as routing and masquerading go.</summary>
internal sealed record CalicoPoolView(Cidr Cidr, bool NatOutgoing, bool Disabled, string Ipip, string Vxlan, bool ForTunnels);

/// <summary>A range of Calico addresses and the Node it is routed to: a block, or one borrowed or affinity-less address.</summary>
internal sealed record CalicoRange(Cidr Cidr, string Node, bool IsBlock);

/// <summary>The cluster as the programs on the Nodes see it: Nodes, Calico's pools, blocks and borrowed addresses.</summary>
/// <remarks>Brought up to date by one loop, from the store's changes; readers get immutable values, events come from that loop.</remarks>
internal sealed class ClusterView(ObjectStore store)
{
    private readonly Dictionary<string, ImmutableArray<CalicoRange>> _blocks = new(StringComparer.Ordinal);
    private bool _calicoHasChanged;

    /// <summary>By name.</summary>
    public ImmutableSortedDictionary<string, PeerNode> Nodes { get; private set; } =
        ImmutableSortedDictionary.Create<string, PeerNode>(StringComparer.Ordinal);

    public ImmutableArray<CalicoPoolView> Pools { get; private set; } = [];

    /// <summary>By range.</summary>
    public ImmutableArray<CalicoRange> Ranges { get; private set; } = [];

    public event Action? NodesChanged;

    public event Action? CalicoChanged;

    /// <summary>Raised when everybody has acted on <see cref="CalicoChanged"/>: every Node has the routes by now.</summary>
    public event Action? CalicoRouted;

    public event Action? AntreaControllerChanged;

    /// <summary>Something that decides the status of Antrea policies: the policies, Pods, Namespaces or agents.</summary>
    public event Action? PolicyInputsChanged;

    public void Apply(StoreEvent change)
    {
        if (change.Resource == ResourceType.Node)
        {
            ApplyNode(change);
        }
        else if (change.Resource == CniKinds.AntreaControllerInfo)
        {
            AntreaControllerChanged?.Invoke();
        }
        else if (IsPolicyInput(change))
        {
            PolicyInputsChanged?.Invoke();
        }
        else if (change.Resource == CniKinds.IPPool)
        {
            Pools = [.. store.PeekAll(CniKinds.IPPool).Select(ReadPool).OfType<CalicoPoolView>()];
            _calicoHasChanged = true;
        }
        else if (change.Resource == CniKinds.IpamBlock)
        {
            ApplyBlock(change);
        }
    }

    /// <summary>Tells whoever follows Calico that it has changed, if it has: once for a burst of changes.</summary>
    public void TellChanges()
    {
        if (_calicoHasChanged)
        {
            _calicoHasChanged = false;
            CalicoChanged?.Invoke();
            CalicoRouted?.Invoke();
        }
    }

    /// <summary>A Node as its object describes it; null when it has no InternalIP.</summary>
    public static PeerNode? ReadNode(JsonObject node)
    {
        var (ipv4, ipv6) = (Family(CalicoTunnel.Vxlan), Family(CalicoTunnel.Vxlan6));
        return ipv4 is null && ipv6 is null ? null : new PeerNode(node.NameOf(), ipv4, ipv6);

        PeerAddresses? Family(CalicoTunnel tunnel)
        {
            var address = node.Items("status", "addresses").Where(a => a.Text("type") == "InternalIP")
                .Select(a => IPAddress.TryParse(a.Text("address"), out var parsed) ? parsed : null)
                .FirstOrDefault(a => a?.AddressFamily == tunnel.Family);
            return address is null ? null : new PeerAddresses(
                address,
                PodCidrsOf(node).Where(c => c.FirstAddress.AddressFamily == tunnel.Family).Select(c => (Cidr?)c).FirstOrDefault(),
                IPAddress.TryParse(node.Text("metadata", "annotations", tunnel.Annotation), out var end) ? end : null);
        }
    }

    private static IEnumerable<Cidr> PodCidrsOf(JsonObject node) => node["spec"].Texts("podCIDRs").Append(node.Text("spec", "podCIDR"))
        .Select(text => Cidr.TryParse(text, out var cidr) ? (Cidr?)cidr : null).OfType<Cidr>();

    public static CalicoPoolView? ReadPool(JsonObject pool)
    {
        var spec = pool["spec"];
        var uses = spec.Texts("allowedUses").ToList();
        return Cidr.TryParse(spec.Text("cidr"), out var cidr)
            ? new CalicoPoolView(
                cidr,
                spec.Flag("natOutgoing"),
                spec.Flag("disabled"),
                spec.Text("ipipMode") ?? "Never",
                spec.Text("vxlanMode") ?? "Never",
                uses.Count == 0 || uses.Contains("Tunnel"))
            : null;
    }

    private static bool IsPolicyInput(StoreEvent change) =>
        change.Resource == CniKinds.AntreaClusterNetworkPolicy
        || change.Resource == CniKinds.AntreaNetworkPolicy
        || (change.Type != StoreEventType.Modified && change.Resource == CniKinds.AntreaAgentInfo)
        || change.Resource == ResourceType.Namespace
        || (change.Resource == ResourceType.Pod
            && (change.Type == StoreEventType.Deleted
                || change.Object.Text("spec", "nodeName") != change.Previous.Text("spec", "nodeName")
                || !JsonNode.DeepEquals(change.Object.At("metadata", "labels"), change.Previous.At("metadata", "labels"))));

    /// <summary>What a block routes where: itself to its Node, each address that another Node borrowed to that one.</summary>
    public static IEnumerable<CalicoRange> ReadBlock(JsonObject json)
    {
        var block = new CalicoBlock(json.Copy());
        if (block.Node is { } owner)
        {
            yield return new CalicoRange(block.Cidr, owner, true);
        }

        foreach (var (address, attributes) in block.Allocations())
        {
            if (attributes.Text("secondary", "node") is { } user && user != block.Node)
            {
                yield return new CalicoRange(Cidr.Host(address), user, false);
            }
        }
    }

    private void ApplyNode(StoreEvent change)
    {
        var name = change.Object.NameOf();
        var old = Nodes.GetValueOrDefault(name);
        var now = change.Type == StoreEventType.Deleted ? null : ReadNode(change.Object);
        if (old != now)
        {
            Nodes = now is null ? Nodes.Remove(name) : Nodes.SetItem(name, now);
            NodesChanged?.Invoke();
            _calicoHasChanged = true;
        }
    }

    private void ApplyBlock(StoreEvent change)
    {
        var name = change.Object.NameOf();
        ImmutableArray<CalicoRange> now = change.Type == StoreEventType.Deleted ? [] : [.. ReadBlock(change.Object)];
        if (!now.SequenceEqual(_blocks.GetValueOrDefault(name, [])))
        {
            _blocks[name] = now;
            Ranges = [.. _blocks.Values.SelectMany(r => r).OrderBy(r => r.Cidr)];
            _calicoHasChanged = true;
        }
    }
}
