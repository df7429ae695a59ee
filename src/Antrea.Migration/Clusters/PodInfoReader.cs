using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Clusters;

/// <summary>Reads a Pod (<c>v1</c>).</summary>
internal static class PodInfoReader
{
    /// <summary>Reads what the analysis and the migration need.</summary>
    public static PodInfo Read(ObjectFields fields)
    {
        var json = fields.Object.Json;
        var owner = json.ItemsAt("metadata", "ownerReferences").FirstOrDefault(o => o.FlagAt("controller") == true);
        return new PodInfo
        {
            Namespace = fields.Object.Namespace,
            Name = fields.Object.Name,
            Uid = json.TextAt("metadata", "uid") ?? "",
            NodeName = fields.Text("spec.nodeName") ?? "",
            HostNetwork = fields.Flag("spec.hostNetwork"),
            PodIPs = PodIPs(fields),
            Phase = fields.Text("status.phase", Severity.Warning) ?? "",
            Ready = NodeInfoReader.Condition(json, "Ready").TextAt("status") == "True",
            Terminating = json.TextAt("metadata", "deletionTimestamp") is not null,
            Controller = owner.TextAt("kind") is { } kind && owner.TextAt("name") is { } name ? (kind, name) : null,
            Labels = json.MapAt("metadata", "labels").ToImmutableSortedDictionary(StringComparer.Ordinal),
            Annotations = json.MapAt("metadata", "annotations").ToImmutableSortedDictionary(StringComparer.Ordinal),
            HostPorts = fields.Flag("spec.hostNetwork") ? [] : HostPorts(json),
            RestartPolicy = fields.Text("spec.restartPolicy") ?? "Always",
        };
    }

    private static ImmutableArray<int> HostPorts(JsonObject pod) =>
    [
        .. pod.ItemsAt("spec", "containers").Concat(pod.ItemsAt("spec", "initContainers"))
            .SelectMany(c => c.ItemsAt("ports")).Select(p => p.NumberAt("hostPort")).Where(p => p is > 0 and <= ushort.MaxValue).Select(p => (int)p!.Value).Distinct().Order(),
    ];

    private static ImmutableArray<IPAddress> PodIPs(ObjectFields fields)
    {
        var found = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (var (entry, at) in fields.Mappings(fields.At("status.podIPs"), "status.podIPs"))
        {
            // "ip" may be missing in an entry while the Pod's network is being set up.
            if (entry.TextAt("ip") is { } text)
            {
                if (fields.ParseAddress($"{at}.ip", text) is { } ip)
                {
                    found.Add(ip);
                }
            }
            else if (entry["ip"] is { } other && other.GetValueKind() != JsonValueKind.String)
            {
                fields.Bad($"{at}.ip", $"{ObjectFields.Shown(other)} is not a text");
            }
        }

        // Looked at even where the list has the addresses: one that makes no sense is a mistake all the same.
        if (fields.Text("status.podIP") is { } single
            && fields.ParseAddress("status.podIP", single) is { } only
            && fields.At("status.podIPs") is not JsonArray { Count: > 0 })
        {
            found.Add(only);
        }

        return found.ToImmutable();
    }
}
