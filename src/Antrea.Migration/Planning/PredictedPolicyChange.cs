using System.Collections.Immutable;

namespace Antrea.Migration.Planning;

/// <summary>What a plan does where policies mean something else while both networks are in use.</summary>
public enum PolicyMode
{
    /// <summary>The plan is blocked.</summary>
    Refuse,

    /// <summary>What policies allow and connections cannot show meanwhile stays denied for that time; the plan lists it.</summary>
    Strict,

    /// <summary>What policies allow is kept by temporary allowances for the addresses it arrives from; the plan lists them, and what else they let in. What
    /// nothing narrow keeps blocks.</summary>
    Available,
}

/// <summary>Connections that policies decide otherwise while a phase lasts, because they arrive from another address than the Pod's.</summary>
/// <param name="Phase">The phase in which both kinds of Pods are there.</param>
/// <param name="From">The clients' workload, and what they are by then.</param>
/// <param name="To">The servers' workload, what they are, and whether they are asked by a Service.</param>
/// <param name="Place">Where they are to each other, in words.</param>
/// <param name="Ports">Which ports, for example <c>TCP 80</c>; <c>any other TCP</c> stands for those that nobody names.</param>
/// <param name="Opens">Whether what is denied gets through; otherwise what is allowed is denied.</param>
/// <param name="Reason">What the policies see, and what decides.</param>
public sealed record PredictedPolicyChange(
    MigrationPhase Phase, string From, string To, string Place, ImmutableArray<string> Ports, bool Opens, string Reason);
