namespace Antrea.Migration.Connectivity;

/// <summary>What should become of a connection.</summary>
public enum MatrixVerdict
{
    /// <summary>Nobody can tell.</summary>
    Unknown,

    /// <summary>It should be made.</summary>
    Allow,

    /// <summary>It should not.</summary>
    Deny,
}

/// <summary>What should become of a connection, and who says so.</summary>
/// <param name="Verdict">What should become of it.</param>
/// <param name="Because">The rule that decides, or the hop that loses it, in words; empty when nothing speaks against it.</param>
public sealed record MatrixExpectation(MatrixVerdict Verdict, string Because)
{
    /// <summary>Nothing is expected.</summary>
    public static MatrixExpectation None { get; } = new(MatrixVerdict.Unknown, "");
}
