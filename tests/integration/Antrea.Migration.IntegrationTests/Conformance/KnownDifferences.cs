namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>Where the lab's own control plane answers otherwise than Kubernetes', on purpose. Every use is one entry of the list.</summary>
/// <remarks>Both answers are asserted: a difference that goes away must leave the list. Outcomes given as <c>(400 BadRequest|500 )</c>
/// are no differences of ours: Kubernetes 1.20 answers 500 without a reason where later releases answer 400.</remarks>
internal static class KnownDifferences
{
    /// <summary>What a plane is expected to answer.</summary>
    /// <param name="plane">Which one is asked.</param>
    /// <param name="real">Kubernetes' answer.</param>
    /// <param name="embedded">The lab's own answer.</param>
    /// <param name="reason">Why it stays like that; for the reader.</param>
    public static T Of<T>(string plane, T real, T embedded, string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        return plane == ConformancePlane.Real ? real : embedded;
    }
}
