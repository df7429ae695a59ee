using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Clusters;

/// <summary>Reads a Node (<c>v1</c>).</summary>
internal static class NodeInfoReader
{
    // Source: Calico v3.26 libcalico-go/lib/backend/k8s/resources/node.go. The addresses of Calico's own devices, which
    // may lie in blocks of pools that are disabled by now.
    private static readonly string[] TunnelAnnotations =
    [
        "projectcalico.org/IPv4IPIPTunnelAddr",
        "projectcalico.org/IPv4VXLANTunnelAddr",
        "projectcalico.org/IPv6VXLANTunnelAddr",
        "projectcalico.org/IPv4WireguardInterfaceAddr",
        "projectcalico.org/IPv6WireguardInterfaceAddr",
    ];

    private static readonly string[] AddressAnnotations = ["projectcalico.org/IPv4Address", "projectcalico.org/IPv6Address"];

    /// <summary>Reads what the analysis needs.</summary>
    public static NodeInfo Read(ObjectFields fields)
    {
        var json = fields.Object.Json;
        var networkUnavailable = Condition(json, "NetworkUnavailable");
        return new NodeInfo
        {
            Name = fields.Object.Name,
            PodCidrs = PodCidrs(fields),
            InternalIPs = InternalIPs(fields),
            Networks = Networks(json),
            CalicoTunnelAddresses = TunnelAddresses(fields),
            Ready = Condition(json, "Ready").TextAt("status") == "True",
            Unschedulable = fields.Flag("spec.unschedulable", Severity.Warning),
            NetworkUnavailableReason = networkUnavailable.TextAt("status") == "True"
                ? networkUnavailable.TextAt("reason") ?? "no reason given"
                : null,
            ContainerRuntime = json.TextAt("status", "nodeInfo", "containerRuntimeVersion") ?? "",
            OperatingSystem = json.TextAt("status", "nodeInfo", "operatingSystem") ?? "linux",
            KubeletVersion = json.TextAt("status", "nodeInfo", "kubeletVersion") ?? "",
        };
    }

    /// <summary>The condition of a type in <c>status.conditions</c>, or null.</summary>
    public static JsonNode? Condition(JsonObject json, string type) =>
        json.ItemsAt("status", "conditions").FirstOrDefault(c => c.TextAt("type") == type);

    private static ImmutableArray<Cidr> PodCidrs(ObjectFields fields)
    {
        var texts = fields.Texts("spec.podCIDRs") ?? [];
        if (texts.IsEmpty && fields.Text("spec.podCIDR") is { } single)
        {
            texts = [("spec.podCIDR", single)];
        }

        return [.. texts.Select(t => fields.ParseCidr(t.Field, t.Text)).OfType<Cidr>()];
    }

    private static ImmutableArray<IPAddress> InternalIPs(ObjectFields fields)
    {
        var found = ImmutableArray.CreateBuilder<IPAddress>();
        var index = 0;
        foreach (var address in fields.Object.Json.ItemsAt("status", "addresses"))
        {
            if (address.TextAt("type") == "InternalIP"
                && address.TextAt("address") is { } text
                && fields.ParseAddress($"status.addresses[{index}].address", text) is { } ip)
            {
                found.Add(ip);
            }

            index++;
        }

        return found.ToImmutable();
    }

    /// <summary>An address without a length, or no address at all, tells no subnet; Calico writes it anew at its next start.</summary>
    private static ImmutableArray<Cidr> Networks(JsonObject json)
    {
        var networks = ImmutableArray.CreateBuilder<Cidr>();
        foreach (var name in AddressAnnotations)
        {
            if (json.TextAt("metadata", "annotations", name) is { } text && Cidr.TryParseMasked(text, out var network, out _))
            {
                networks.Add(network);
            }
        }

        return networks.ToImmutable();
    }

    private static ImmutableArray<IPAddress> TunnelAddresses(ObjectFields fields)
    {
        var annotations = fields.Object.Json.At("metadata", "annotations");
        return
        [
            .. TunnelAnnotations
                .Select(name => (Name: name, Text: annotations.TextAt(name)))
                .Where(a => a.Text is not null)
                .Select(a => fields.ParseAddress($"metadata.annotations[{a.Name}]", a.Text!))
                .OfType<IPAddress>(),
        ];
    }
}
