using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>What a proof is about: the Pods, the addresses and services that flows may have, and the sets made of them.</summary>
/// <param name="World">The Pods, existing ones first, with all that selectors ask about them.</param>
/// <param name="Addresses">The addresses; its Pods are those of <paramref name="World"/>, in the same order.</param>
internal sealed record ProofSpace(PolicyWorld World, AddressSpace Addresses)
{
    public ServiceSets Services { get; } = new();

    public DecisionLists Lists { get; } = new();

    /// <summary>A rule that matches every flow.</summary>
    public CompiledRule Everything(Direction direction, Effect effect) => Everything(direction, effect, isUncertain: false, ServiceBox.Any);

    /// <summary>A rule that matches every flow of some services.</summary>
    public CompiledRule Everything(Direction direction, Effect effect, bool isUncertain, params ServiceBox[] services) => new(
        [new FlowAlternative(null, Addresses.All, services, [PortTerm.Any(Addresses)], [PortTerm.Any(Addresses)])], direction)
    {
        Effect = effect,
        IsUncertain = isUncertain,
    };
}
