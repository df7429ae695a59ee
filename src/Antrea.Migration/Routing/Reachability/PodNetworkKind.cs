namespace Antrea.Migration.Routing.Reachability;

/// <summary>Which network an endpoint is on.</summary>
public enum PodNetworkKind
{
    /// <summary>A Pod with one interface, from Calico.</summary>
    Calico,

    /// <summary>A Pod with one interface, from Antrea.</summary>
    Antrea,

    /// <summary>A Pod with Calico's interface (eth0, the Pod's address) and Antrea's (net1).</summary>
    Multus,

    /// <summary>A Node's own network: kubelet, a hostNetwork Pod, a NodePort client.</summary>
    Host,
}
