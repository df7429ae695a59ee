using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Cni;

/// <summary>The custom resources that the lab's CNIs read and write.</summary>
internal static class CniKinds
{
    public const string CalicoGroup = "crd.projectcalico.org";

    public const string AntreaGroup = "crd.antrea.io";

    public static readonly ResourceType IPPool = Calico("IPPool", "ippools");
    public static readonly ResourceType IpamBlock = Calico("IPAMBlock", "ipamblocks");
    public static readonly ResourceType BlockAffinity = Calico("BlockAffinity", "blockaffinities");
    public static readonly ResourceType IpamHandle = Calico("IPAMHandle", "ipamhandles");
    public static readonly ResourceType IpamConfig = Calico("IPAMConfig", "ipamconfigs");
    public static readonly ResourceType ClusterInformation = Calico("ClusterInformation", "clusterinformations");
    public static readonly ResourceType FelixConfiguration = Calico("FelixConfiguration", "felixconfigurations");

    public static readonly ResourceType AntreaAgentInfo =
        new(AntreaGroup, "v1beta1", "AntreaAgentInfo", "antreaagentinfos", false);

    public static readonly ResourceType AntreaControllerInfo =
        new(AntreaGroup, "v1beta1", "AntreaControllerInfo", "antreacontrollerinfos", false);

    public static readonly ResourceType AntreaClusterNetworkPolicy =
        new(AntreaGroup, "v1beta1", "ClusterNetworkPolicy", "clusternetworkpolicies", false);

    public static readonly ResourceType AntreaNetworkPolicy =
        new(AntreaGroup, "v1beta1", "NetworkPolicy", "networkpolicies", true);

    public static readonly ResourceType AntreaTier = new(AntreaGroup, "v1beta1", "Tier", "tiers", false);

    private static ResourceType Calico(string kind, string plural) => new(CalicoGroup, "v1", kind, plural, false);
}
