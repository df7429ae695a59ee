using Antrea.Migration.StandIns.Kube;

namespace Antrea.Migration.StandIns.Calico;

/// <summary>Calico's install-cni container: plugin, kubeconfig, then <c>10-calico.conflist</c> from the ConfigMap's template.</summary>
/// <remarks>Source: Calico v3.26 <c>cni-plugin/pkg/install/install.go</c>.</remarks>
internal static class CalicoInstaller
{
    /// <summary>What IPIP leaves of Ethernet's 1500 bytes; here the tunnel is VXLAN, which takes 50.</summary>
    private const string Mtu = "1450";

    public static int Run()
    {
        HostFiles.InstallPlugin("calico");
        HostFiles.InstallPlugin("calico-ipam");
        var credentials = KubeCredentials.InCluster();
        using var objects = new KubeObjects(credentials);
        var token = objects.CreateToken("kube-system", "calico-cni-plugin");
        HostFiles.Write($"{HostFiles.ConfigDirectory}/calico-kubeconfig", (credentials with { Token = token }).ToKubeconfig("calico"));
        var mtu = Variable("CNI_MTU");
        var config = Variable("CNI_NETWORK_CONFIG")
            .Replace("__KUBERNETES_NODE_NAME__", Variable("KUBERNETES_NODE_NAME"), StringComparison.Ordinal)
            .Replace("__KUBECONFIG_FILEPATH__", "/etc/cni/net.d/calico-kubeconfig", StringComparison.Ordinal)
            .Replace("__CNI_MTU__", mtu == "0" ? Mtu : mtu, StringComparison.Ordinal);
        HostFiles.Write($"{HostFiles.ConfigDirectory}/{Variable("CNI_CONF_NAME")}", config);
        return 0;
    }

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new StandInException($"{name} is not set");
}
