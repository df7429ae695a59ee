using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>kube-proxy in iptables mode: Services work on the Node from its start; its rules stay when it ends.</summary>
internal sealed class KubeProxyProgram(ContainerContext context) : NodeProgram(context)
{
    public override void Start()
    {
        var rules = new KubeProxy(
            ClusterCidrs: [.. (Context.Argument("--cluster-cidr") ?? Configured("clusterCIDR") ?? "").Split(',')
                .Select(text => Cidr.TryParse(text.Trim(), out var cidr) ? (Cidr?)cidr : null).OfType<Cidr>()],
            MasqueradeAll: (Context.Argument("--masquerade-all") ?? Configured("masqueradeAll")) == "true");
        Node.Host.Update(state => state with { KubeProxy = rules });
    }

    private string? Configured(string field) =>
        (Services.Store.Peek(ResourceType.ConfigMap, "kube-system", "kube-proxy").Text("data", "config.conf") ?? "")
            .Split('\n').Select(l => l.Trim())
            .FirstOrDefault(l => l.StartsWith(field + ":", StringComparison.Ordinal))?[(field.Length + 1)..].Trim();
}
