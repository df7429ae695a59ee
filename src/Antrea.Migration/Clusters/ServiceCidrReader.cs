using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Clusters;

/// <summary>Learns from which ranges Services get their addresses; no single object says so in every cluster.</summary>
/// <remarks>
/// Asked in this order, the first that answers counts: ServiceCIDR objects and the flag of a kube-apiserver that runs as
/// a Pod (what is in force), kubeadm's configuration (what was asked for), kube-controller-manager's flag (a copy).
/// What a later one says differently becomes a finding.
/// </remarks>
internal static class ServiceCidrReader
{
    private const string Flag = "--service-cluster-ip-range";

    /// <summary>The Service CIDRs, sorted; empty with a finding when nobody names them.</summary>
    public static ImmutableArray<Cidr> Read(
        IReadOnlyList<ClusterObject> objects, ICollection<BadValue> bad, ICollection<Finding> findings)
    {
        (string Name, ImmutableArray<Cidr> Cidrs)[] answers =
        [
            ("ServiceCIDR objects and kube-apiserver", Sorted([.. ServiceCidrObjects(objects, bad), .. PodFlag(objects, "kube-apiserver", bad)])),
            ("ConfigMap kube-system/kubeadm-config", Sorted(Kubeadm(objects, bad))),
            ("kube-controller-manager", Sorted(PodFlag(objects, "kube-controller-manager", bad))),
        ];
        var given = answers.Where(a => !a.Cidrs.IsEmpty).ToList();
        if (given.Count == 0)
        {
            findings.Add(new Finding(
                ReadFindingIds.ServiceCidrUnknown,
                Severity.Warning,
                "Cluster",
                "No ServiceCIDR object, kubeadm-config ConfigMap or control plane Pod says where Service addresses come from.",
                "Look up the API server's --service-cluster-ip-range and check by hand that no Calico pool and no Node PodCIDR overlaps it."));
            return [];
        }

        foreach (var other in given.Skip(1).Where(o => !o.Cidrs.SequenceEqual(given[0].Cidrs)))
        {
            findings.Add(new Finding(
                ReadFindingIds.ServiceCidrDisagreement,
                Severity.Warning,
                "Cluster",
                $"{given[0].Name} say {string.Join(", ", given[0].Cidrs)}, but {other.Name} says {string.Join(", ", other.Cidrs)}.",
                $"The first is used; correct {other.Name} if it is only out of date."));
        }

        return given[0].Cidrs;
    }

    private static ImmutableArray<Cidr> Sorted(IEnumerable<Cidr> cidrs) => [.. cidrs.Distinct().Order()];

    private static IEnumerable<Cidr> ServiceCidrObjects(IEnumerable<ClusterObject> objects, ICollection<BadValue> bad)
    {
        foreach (var obj in objects.Where(o => o is { Group: "networking.k8s.io", Kind: "ServiceCIDR" }))
        {
            var fields = new ObjectFields(obj, bad);
            foreach (var (field, text) in fields.Texts("spec.cidrs", Severity.Warning) ?? [])
            {
                if (fields.ParseCidr(field, text, Severity.Warning) is { } cidr)
                {
                    yield return cidr;
                }
            }
        }
    }

    private static IEnumerable<Cidr> Kubeadm(IEnumerable<ClusterObject> objects, ICollection<BadValue> bad)
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
            fields.Bad("data.ClusterConfiguration", e.Errors[0].ToString(), Severity.Warning);
            return [];
        }

        return value.TextAt("networking", "serviceSubnet") is { } subnets
            ? Split(fields, "data.ClusterConfiguration:networking.serviceSubnet", subnets)
            : [];
    }

    private static IEnumerable<Cidr> PodFlag(IEnumerable<ClusterObject> objects, string component, ICollection<BadValue> bad)
    {
        var pods = objects.Where(o =>
            o is { Group: "", Kind: "Pod", Namespace: "kube-system" } && o.Json.TextAt("metadata", "labels", "component") == component);
        foreach (var pod in pods)
        {
            var fields = new ObjectFields(pod, bad);
            foreach (var value in pod.Json.ItemsAt("spec", "containers").SelectMany(c => ContainerFlags.ValuesOf(c, Flag)))
            {
                foreach (var cidr in Split(fields, $"spec.containers:{Flag}", value))
                {
                    yield return cidr;
                }
            }
        }
    }

    private static List<Cidr> Split(ObjectFields fields, string field, string text) =>
    [
        .. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => fields.ParseCidr(field, part, Severity.Warning))
            .OfType<Cidr>(),
    ];
}
