using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What every proxy and the cluster's DNS know of Services: ClusterIP and port to ready endpoints, name to address.</summary>
/// <remarks>Follows Services and Endpoints; readers get one consistent table. NodePorts and session affinity are not looked at.</remarks>
internal sealed class ServiceTable(ObjectStore store)
{
    private volatile ImmutableDictionary<(IPAddress, int, TransportProtocol), ServicePort> _table =
        ImmutableDictionary<(IPAddress, int, TransportProtocol), ServicePort>.Empty;

    /// <summary>Raised when a change may have changed the table.</summary>
    public event Action? Changed;

    /// <summary>Everything, for <see cref="SimulatedFabric.ServicePorts"/>; by address, port and protocol.</summary>
    public ImmutableArray<ServicePort> All =>
    [
        .. _table.Values.OrderBy(row => row.Address.Address.ToString(), StringComparer.Ordinal).ThenBy(row => row.Address.Port).ThenBy(row => row.Protocol),
    ];

    /// <summary>The lookup of <see cref="SimulatedFabric.Services"/>.</summary>
    public ImmutableArray<IPEndPoint>? Find(IPAddress clusterIP, int port, TransportProtocol protocol) =>
        _table.TryGetValue((clusterIP, port, protocol), out var row) ? row.EndPoints : null;

    /// <summary>The answer of the cluster's DNS: the ClusterIP, or an endpoint's address of a headless Service; null when there is none.</summary>
    public IPAddress? Resolve(string serviceNamespace, string name)
    {
        if (store.Peek(ResourceType.Service, serviceNamespace, name) is not { } service)
        {
            return null;
        }

        return IPAddress.TryParse(service.Text("spec", "clusterIP"), out var clusterIP)
            ? clusterIP
            : Subsets(service).SelectMany(s => s.Items("addresses")).Select(a => a.Text("ip")).FirstOrDefault() is { } first
                ? IPAddress.Parse(first)
                : null;
    }

    /// <summary>Takes a change into account.</summary>
    public void Apply(StoreEvent change)
    {
        if (change.Resource == ResourceType.Service || change.Resource == ResourceType.Endpoints)
        {
            _table = store.PeekAll(ResourceType.Service).SelectMany(Rows)
                .ToImmutableDictionary(row => (row.Address.Address, row.Address.Port, row.Protocol));
            Changed?.Invoke();
        }
    }

    private IEnumerable<ServicePort> Rows(JsonObject service)
    {
        var addresses = service["spec"].Texts("clusterIPs").Append(service.Text("spec", "clusterIP")).Distinct()
            .Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>().ToList();
        foreach (var (clusterIP, port) in addresses.SelectMany(address => service.Items("spec", "ports").Select(port => (address, port))))
        {
            var protocol = port.Text("protocol") == "UDP" ? TransportProtocol.Udp : TransportProtocol.Tcp;
            var endpoints =
                from subset in Subsets(service)
                from target in subset.Items("ports")
                where target.Text("name") == port.Text("name") && (target.Text("protocol") ?? "TCP") == (port.Text("protocol") ?? "TCP")
                from address in subset.Items("addresses")
                let end = AddressOf(address, clusterIP.AddressFamily)
                where end is not null
                select new IPEndPoint(end, (int)target.Number("port")!);
            yield return new ServicePort(new IPEndPoint(clusterIP, (int)port.Number("port")!), protocol, [.. endpoints]);
        }
    }

    /// <summary>An endpoint's address of a family. Endpoints have those of the Service's first family only; the Pod has the others.</summary>
    private IPAddress? AddressOf(JsonObject endpoint, AddressFamily family)
    {
        var listed = IPAddress.Parse(endpoint.Text("ip")!);
        return listed.AddressFamily == family ? listed
            : endpoint.Text("targetRef", "kind") != "Pod" ? null
            : store.Peek(ResourceType.Pod, endpoint.Text("targetRef", "namespace") ?? "", endpoint.Text("targetRef", "name") ?? "").Items("status", "podIPs")
                .Select(ip => IPAddress.Parse(ip.Text("ip")!)).FirstOrDefault(address => address.AddressFamily == family);
    }

    private IEnumerable<JsonObject> Subsets(JsonObject service) =>
        store.Peek(ResourceType.Endpoints, service.NamespaceOf(), service.NameOf()).Items("subsets");
}
