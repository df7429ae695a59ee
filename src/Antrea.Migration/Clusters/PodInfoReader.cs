using System.Collections.Immutable;
using System.Net;
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
            RestartPolicy = fields.Text("spec.restartPolicy") ?? "Always",
        };
    }

    private static ImmutableArray<IPAddress> PodIPs(ObjectFields fields)
    {
        var found = ImmutableArray.CreateBuilder<IPAddress>();
        var index = 0;
        foreach (var entry in fields.Object.Json.ItemsAt("status", "podIPs"))
        {
            // "ip" may be missing in an entry while the Pod's network is being set up.
            if (entry.TextAt("ip") is { } text && fields.ParseAddress($"status.podIPs[{index}].ip", text) is { } ip)
            {
                found.Add(ip);
            }

            index++;
        }

        if (index == 0
            && fields.Text("status.podIP") is { } single
            && fields.ParseAddress("status.podIP", single) is { } only)
        {
            found.Add(only);
        }

        return found.ToImmutable();
    }
}
