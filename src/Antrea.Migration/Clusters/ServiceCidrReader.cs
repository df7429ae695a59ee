using System.Collections.Immutable;
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
            ("ServiceCIDR objects and kube-apiserver", Sorted([.. ServiceCidrObjects(objects, bad), .. NetworkConfig.Flag(objects, "kube-apiserver", Flag, bad)])),
            ("ConfigMap kube-system/kubeadm-config", Sorted(NetworkConfig.Kubeadm(objects, "serviceSubnet", bad))),
            ("kube-controller-manager", Sorted(NetworkConfig.Flag(objects, "kube-controller-manager", Flag, bad))),
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
}
