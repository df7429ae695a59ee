namespace Antrea.Migration.Lab;

/// <summary>Who decides what gets through a lab's network.</summary>
public enum LabFabricKind
{
    /// <summary>The walk: a packet goes from one simulated namespace to the next. Needs nothing.</summary>
    Simulated,

    /// <summary>The Linux kernel: real namespaces, routes, rules and sockets, which follow the lab as it changes. Needs root, iproute2, iptables
    /// and ipset.</summary>
    Kernel,
}
