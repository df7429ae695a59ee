using System.Collections.Immutable;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Planning;

/// <summary>Pods that policies cannot tell apart.</summary>
/// <param name="Name">Their workloads, in words.</param>
/// <param name="Pods">All of them.</param>
/// <param name="IsServed">Whether a Service leads to one of them.</param>
/// <param name="Ports">The ports that anybody names, and one for the rest of a protocol that has a rest.</param>
internal sealed record PolicyPodClass(string Name, ImmutableArray<PolicyPod> Pods, bool IsServed, ImmutableArray<PolicyPort> Ports)
{
    /// <summary>What makes them alike, whoever they are by name.</summary>
    public string Key { get; init; } = "";

    /// <summary>Any one of them.</summary>
    public PolicyPod Pod => Pods[0];

    /// <summary>Whether there is only one.</summary>
    public bool IsSingle => Pods.Length == 1;
}

/// <summary>Ports that rules decide alike.</summary>
/// <param name="Protocol">Their protocol.</param>
/// <param name="First">The one that is asked about.</param>
/// <param name="Last">The last; 0 for all that nobody names.</param>
/// <param name="Word">In words.</param>
internal readonly record struct PolicyPort(IPProtocol Protocol, int First, int Last, string Word)
{
    /// <summary>Whether it stands for all that nobody names.</summary>
    public bool IsRest => Last == 0;

    /// <summary>The rest of one protocol, of which the lowest port is asked about; null where all ports have been named.</summary>
    /// <param name="protocol">The protocol.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="named">The ports that are named, no two of which overlap.</param>
    public static PolicyPort? Rest(IPProtocol protocol, string name, IEnumerable<PolicyPort> named)
    {
        var free = 1;
        foreach (var port in named.Where(p => p.Protocol == protocol).OrderBy(p => p.First).TakeWhile(p => p.First <= free))
        {
            free = port.Last + 1;
        }

        return free <= 65535 ? new PolicyPort(protocol, free, 0, $"any other {name}") : null;
    }
}
