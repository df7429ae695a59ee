using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>kube-proxy in iptables mode: Services work on the Node from its start; its rules stay when it ends.</summary>
internal sealed class KubeProxyProgram(ContainerContext context) : NodeProgram(context)
{
    public override void Start()
    {
        var rules = new KubeProxy(
            ClusterCidr: Cidr.TryParse(Context.Argument("--cluster-cidr"), out var cidr) ? cidr : null,
            MasqueradeAll: Context.Argument("--masquerade-all") == "true");
        Node.Host.Update(state => state with { KubeProxy = rules });
    }
}
