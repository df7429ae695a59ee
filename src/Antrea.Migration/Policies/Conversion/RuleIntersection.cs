namespace Antrea.Migration.Policies.Conversion;

/// <summary>What two matches have in common; a closed family.</summary>
internal abstract record RuleIntersection
{
    private RuleIntersection()
    {
    }

    /// <summary>This match.</summary>
    public sealed record Some(RuleMatch Match) : RuleIntersection;

    /// <summary>Nothing: no flow satisfies both.</summary>
    public sealed record Nothing : RuleIntersection;

    /// <summary>Something that no Antrea rule says.</summary>
    /// <param name="Reason">Why, for a person.</param>
    public sealed record Inexpressible(string Reason) : RuleIntersection;
}
