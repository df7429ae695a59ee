using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Clusters;

/// <summary>Where a cluster's configuration says which address ranges it was set up with.</summary>
internal static class NetworkConfig
{
    /// <summary>The texts of one field of <c>networking</c> in kubeadm's configuration, split at commas.</summary>
    public static IEnumerable<Cidr> Kubeadm(
        IEnumerable<ClusterObject> objects, string field, ICollection<BadValue> bad, bool masked = false)
    {
        var config = objects.FirstOrDefault(o => o is { Group: "", Kind: "ConfigMap", Namespace: "kube-system", Name: "kubeadm-config" });
        if (config?.Json.TextAt("data", "ClusterConfiguration") is not { } text)
        {
            return [];
        }

        var fields = new ObjectFields(config, bad);
        JsonNode? value;
        try
        {
            value = ObjectReader.ReadValue(text, "ClusterConfiguration");
        }
        catch (InputException e)
        {
            if (!bad.Any(b => b.Object == config))
            {
                fields.Bad("data.ClusterConfiguration", e.Errors[0].ToString(), Severity.Warning);
            }

            return [];
        }

        return value.TextAt("networking", field) is { } ranges
            ? Split(fields, $"data.ClusterConfiguration:networking.{field}", ranges, masked)
            : [];
    }

    /// <summary>The values of one flag of a control plane component that runs as a Pod, split at commas.</summary>
    public static IEnumerable<Cidr> Flag(
        IEnumerable<ClusterObject> objects, string component, string flag, ICollection<BadValue> bad, bool masked = false)
    {
        var pods = objects.Where(o =>
            o is { Group: "", Kind: "Pod", Namespace: "kube-system" } && o.Json.TextAt("metadata", "labels", "component") == component);
        foreach (var pod in pods)
        {
            var fields = new ObjectFields(pod, bad);
            foreach (var value in pod.Json.ItemsAt("spec", "containers").SelectMany(c => ContainerFlags.ValuesOf(c, flag)))
            {
                foreach (var cidr in Split(fields, $"spec.containers:{flag}", value, masked))
                {
                    yield return cidr;
                }
            }
        }
    }

    private static List<Cidr> Split(ObjectFields fields, string field, string text, bool masked) =>
    [
        .. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => masked && Cidr.TryParseMasked(part, out var cidr, out _) ? cidr : fields.ParseCidr(field, part, Severity.Warning))
            .OfType<Cidr>(),
    ];
}
