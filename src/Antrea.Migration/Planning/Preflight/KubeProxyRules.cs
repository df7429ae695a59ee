using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>What kube-proxy does decides which replies are dropped and which Service traffic is masqueraded.</summary>
internal static class KubeProxyRules
{
    public static IEnumerable<Finding> Mode(PreflightContext context)
    {
        var settings = KubeProxySettings.Of(context.Snapshot);
        if (settings.Source is null)
        {
            yield return new Finding(
                "kube-proxy-not-found",
                Severity.Warning,
                "Cluster",
                "There is neither a ConfigMap nor a DaemonSet kube-proxy in kube-system.",
                "Find out who serves Services: kube-proxy outside the cluster is fine, a replacement by eBPF is not supported.");
            yield break;
        }

        var subject = settings.Source.ToString();
        if (settings.Failure is { } failure)
        {
            yield return new Finding(
                "kube-proxy-configuration-unreadable",
                Severity.Warning,
                subject,
                $"The key config.conf cannot be read: {failure.Errors[0]}.",
                "Look up kube-proxy's mode and cluster CIDR by hand.");
            yield break;
        }

        if (settings.Mode != "iptables")
        {
            yield return new Finding(
                "kube-proxy-mode-not-iptables",
                Severity.Warning,
                subject,
                $"kube-proxy runs in mode {settings.Mode}; which replies the Nodes drop was studied for iptables, and other modes may drop fewer.",
                "Nothing to do for a bridged migration; predictions for unbridged Pods may be too dark.");
        }

        if (settings.ClusterCidr is null)
        {
            yield return new Finding(
                "kube-proxy-cluster-cidr-unknown",
                Severity.Info,
                subject,
                "kube-proxy has no cluster CIDR, so it does not masquerade Service traffic from outside the Pods' range.",
                "Nothing to do; Service traffic keeps its source address.");
        }
    }
}
