using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>Which program a container image is.</summary>
internal static class NodePrograms
{
    /// <summary>Whether exec in a container of this image runs the migration's Node commands.</summary>
    public static bool IsNodeAgent(string image) => ContainerImage.PathOf(image).Contains("node-agent", StringComparison.Ordinal);

    /// <summary>Whether a container of this image has busybox's programs: those that the migration's probes use are there.</summary>
    public static bool HasShell(string image)
    {
        var path = ContainerImage.PathOf(image);
        return path[(path.LastIndexOf('/') + 1)..] == "busybox";
    }

    /// <summary>The program of a container. Any image that is not known is a workload: it listens on the ports it declares.</summary>
    public static NodeProgram Create(ContainerContext context)
    {
        var path = ContainerImage.PathOf(context.Container.Text("image") ?? "");
        return path switch
        {
            "antrea/antrea-agent-ubuntu" or "antrea/antrea-ubuntu" when context.Container.Text("name") is "antrea-ovs" or "antrea-ipsec" =>
                new WorkloadProgram(context, null),
            "calico/node" => new CalicoNodeProgram(context),
            "tigera/operator" => new TigeraOperatorProgram(context),
            "antrea/antrea-agent-ubuntu" => new AntreaAgentProgram(context),
            "antrea/antrea-controller-ubuntu" => new AntreaControllerProgram(context),
            "antrea/antrea-ubuntu" when context.Container.Text("name") == "antrea-agent" => new AntreaAgentProgram(context),
            "antrea/antrea-ubuntu" when context.Container.Text("name") == "antrea-controller" => new AntreaControllerProgram(context),
            _ => path[(path.LastIndexOf('/') + 1)..] switch
            {
                "multus-cni" => new MultusProgram(context),
                "kube-proxy" => new KubeProxyProgram(context),
                "nginx" => new WorkloadProgram(context, 80),
                _ => new WorkloadProgram(context, null),
            },
        };
    }
}
