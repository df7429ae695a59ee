namespace Antrea.Migration.Bridge;

/// <summary>Which network a Pod's sandbox is wired to.</summary>
public enum PodNetwork
{
    /// <summary>Its Node's own; such a Pod is not part of the migration.</summary>
    Host,

    /// <summary>Not wired yet, or ended.</summary>
    None,

    /// <summary>Calico alone.</summary>
    Calico,

    /// <summary>Calico (<c>eth0</c>, the Pod's address) and Antrea (<c>net1</c>), by Multus.</summary>
    Multus,

    /// <summary>Antrea alone.</summary>
    Antrea,

    /// <summary>An address that neither Calico nor the Node's PodCIDR explains.</summary>
    Unknown,
}
