namespace Antrea.Migration;

/// <summary>The world did not do what the migration needs: the API server, a Node or the journal could not be reached.</summary>
/// <remarks>The message says what failed and where; <see cref="Next"/> says what to do.</remarks>
public sealed class MigrationException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed and where.</param>
    /// <param name="next">What the operator should do next.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public MigrationException(string message, string next, Exception? innerException = null)
        : base(message, innerException) => Next = next;

    /// <summary>What the operator should do next, in one sentence.</summary>
    public string Next { get; }
}
