using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>Which way a packet crosses a Pod's interface, seen from the Pod.</summary>
internal enum PolicyDirection
{
    /// <summary>Into the Pod.</summary>
    Ingress,

    /// <summary>Out of the Pod.</summary>
    Egress,
}

/// <summary>What a policy does with the first packet of a connection.</summary>
internal enum PolicyAction
{
    /// <summary>Lets it pass; the rest of the connection passes with it.</summary>
    Allow,

    /// <summary>Drops it in silence.</summary>
    Drop,

    /// <summary>Answers with a reset (TCP) or ICMP (UDP).</summary>
    Reject,
}

/// <summary>A decision and the rule that made it.</summary>
/// <param name="Action">What happens.</param>
/// <param name="Rule">The rule's name for the path's text, for example <c>NetworkPolicy default/deny-all</c>.</param>
internal readonly record struct PolicyDecision(PolicyAction Action, string Rule);

/// <summary>Policies at one interface in one direction as a packet filter has them: the first rule that matches decides, and none lets pass.</summary>
internal sealed record PolicyRules(ImmutableArray<FilterRule> InOrder)
{
    /// <summary>Everything passes.</summary>
    public static readonly PolicyRules None = new([]);

    /// <summary>Nothing passes.</summary>
    public static readonly PolicyRules DropAll = new([new FilterRule(null, null, null, null, FilterAction.Drop, 0)]);
}

/// <summary>What a CNI enforces on one Pod interface. Called from several threads at once.</summary>
internal interface IPolicyEnforcer
{
    /// <summary>Judges a new connection that enters or leaves <paramref name="pod"/> by the interface this hangs on.</summary>
    /// <param name="direction">Which way the packet crosses the interface.</param>
    /// <param name="pod">Whose interface it is.</param>
    /// <param name="packet">The first packet as this point sees it: after a Service's DNAT and after the SNAT so far.</param>
    PolicyDecision Decide(PolicyDirection direction, PodNetns pod, Flow packet);

    /// <summary>The same, for a packet filter.</summary>
    /// <param name="direction">Which way packets cross the interface.</param>
    /// <param name="pod">Whose interface it is.</param>
    /// <param name="address">The interface's address.</param>
    PolicyRules RulesOf(PolicyDirection direction, PodNetns pod, IPAddress address);
}
