using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Reads Services with the endpoints that policies can mean.</summary>
/// <remarks>As Calico does: every address of the EndpointSlices that name the Service, ready or not, terminating or not; slices of type
/// FQDN and ports without a number give nothing. Source: Calico <c>felix/calc</c> and <c>felix/labelindex</c>.</remarks>
internal static class PolicyServiceReader
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    public static ImmutableArray<PolicyService> Read(ClusterSnapshot snapshot)
    {
        var slices = snapshot.OfKind("discovery.k8s.io", "EndpointSlice")
            .Where(s => s.Json["addressType"]?.ToString() != "FQDN")
            .ToLookup(s => (s.Namespace, Name: ((s.Json["metadata"] as JsonObject)?["labels"] as JsonObject)?[ServiceNameLabel]?.ToString() ?? ""));
        return
        [
            .. snapshot.OfKind("", "Service")
                .DistinctBy(o => (o.Namespace, o.Name))
                .OrderBy(o => o.Namespace, StringComparer.Ordinal)
                .ThenBy(o => o.Name, StringComparer.Ordinal)
                .Select(o => ReadService(o, [.. slices[(o.Namespace, o.Name)]])),
        ];
    }

    private static PolicyService ReadService(ClusterObject service, ImmutableArray<ClusterObject> slices)
    {
        var selector = (service.Json["spec"] as JsonObject)?["selector"] as JsonObject;
        return new PolicyService(
            service.Namespace,
            service.Name,
            (selector ?? []).ToImmutableSortedDictionary(l => l.Key, l => l.Value?.ToString() ?? "", StringComparer.Ordinal),
            [.. slices.SelectMany(Endpoints).Distinct()],
            [.. slices.SelectMany(Addresses).Distinct()]);
    }

    private static IEnumerable<ServiceEndpoint> Endpoints(ClusterObject slice) =>
        from address in Addresses(slice)
        from port in slice.Json["ports"] as JsonArray ?? []
        let number = int.TryParse(port?["port"]?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0
        where number is >= 1 and <= 65535
        select new ServiceEndpoint(address, port!["protocol"]?.ToString() ?? "TCP", number);

    private static IEnumerable<IPAddress> Addresses(ClusterObject slice) =>
        (slice.Json["endpoints"] as JsonArray ?? [])
        .SelectMany(e => e?["addresses"] as JsonArray ?? [])
        .Select(a => IPAddress.TryParse(a?.ToString(), out var address) ? address : null)
        .OfType<IPAddress>();
}
