namespace Antrea.Migration.Kind;

/// <summary>How kube-proxy implements Services in a KinD cluster.</summary>
public enum KubeProxyMode
{
    /// <summary>Kind's default. Under KinD its <c>KUBE-FORWARD</c> chain drops packets that conntrack calls invalid.</summary>
    IpTables,

    /// <summary>IPVS.</summary>
    Ipvs,

    /// <summary>nftables; needs Kubernetes 1.31 or later.</summary>
    NfTables,

    /// <summary>No kube-proxy: something else must implement Services.</summary>
    None,
}
