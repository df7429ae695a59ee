using System.Net;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Lab.Policies;

/// <summary>What one Node's agent enforces on its Pods: up to date while the agent runs, and as it was since when it ended.</summary>
/// <remarks>Safe for use by several threads.</remarks>
internal abstract class PolicyEnforcer(PolicyBook book) : IPolicyEnforcer
{
    private volatile Lazy<PolicyTable>? _frozen;

    /// <summary>Whether the agent has ended.</summary>
    public bool IsFrozen => _frozen is not null;

    /// <summary>What was left behind; null while the agent runs.</summary>
    public PolicyTable? Frozen => _frozen?.Value;

    public PolicyDecision Decide(PolicyDirection direction, PodNetns pod, Flow packet)
    {
        var table = Frozen ?? book.Current;
        if (table.Find(pod) is not { } subject)
        {
            return Unknown();
        }

        var verdict = table.Evaluate(direction, subject, packet);
        var rule = string.Join(" → ", verdict.Reasons);
        switch (verdict.Kind)
        {
            case VerdictKind.Allow:
                return new PolicyDecision(PolicyAction.Allow, rule);
            case VerdictKind.Deny:
                return new PolicyDecision(verdict.IsAnswered || table.AnswersDenials ? PolicyAction.Reject : PolicyAction.Drop, rule);
            default:
                book.Fail($"What the policies of {pod.Name} do is not defined: {rule}.");
                return new PolicyDecision(PolicyAction.Drop, rule);
        }
    }

    public PolicyRules RulesOf(PolicyDirection direction, PodNetns pod, IPAddress address)
    {
        try
        {
            return (Frozen ?? book.Current).RulesOf(direction, pod, address)
                ?? (Unknown().Action == PolicyAction.Allow ? PolicyRules.None : PolicyRules.DropAll);
        }
        catch (NotSupportedException e)
        {
            book.Fail(e.Message);
            return PolicyRules.DropAll;
        }
    }

    /// <summary>The agent ends. Its rules stay as they are.</summary>
    public void Freeze() => _frozen ??= book.Capture();

    /// <summary>What happens to packets of a Pod that the agent has not heard of.</summary>
    protected abstract PolicyDecision Unknown();
}

/// <summary>Felix at a Node's <c>cali…</c> veths. Its chains stay when calico-node is deleted, until somebody removes them.</summary>
/// <remarks>The chains are found by the veth's name, so a later Pod of the same name gets the same. Node to local Pod is in no
/// workload chain; Pod to its own Node passes egress policy and is accepted then, as the manifest's
/// <c>FELIX_DEFAULTENDPOINTTOHOSTACTION=ACCEPT</c> says. Source: Calico v3.26 <c>felix/rules</c> (<c>dispatch.go</c>,
/// <c>endpoints.go</c>, <c>static.go</c>).</remarks>
internal sealed class CalicoEnforcer(CalicoPolicyBook book) : PolicyEnforcer(book)
{
    protected override PolicyDecision Unknown() =>
        new(PolicyAction.Drop, "cali-wl-dispatch: felix has no such workload");
}

/// <summary>antrea-agent at a Node's OVS ports: the rules of the Pod that a port belongs to, whatever address the port has.</summary>
/// <remarks>The flows stay when the agent ends. A Pod whose address is in no status yet has no flows. What the Node sends to its
/// own Pods never gets here. The real agent hears of policies from antrea-controller only; the lab's asks the cluster itself.
/// Source: Antrea v1.14 <c>pkg/agent/controller/networkpolicy</c>, <c>pkg/agent/openflow</c>.</remarks>
internal sealed class AntreaEnforcer(AntreaPolicyBook book) : PolicyEnforcer(book)
{
    protected override PolicyDecision Unknown() => new(PolicyAction.Allow, "antrea-agent has no rule for this Pod yet");
}
