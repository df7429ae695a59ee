using System.Collections.Immutable;

namespace Antrea.Migration.Clusters;

/// <summary>Files or texts could not be read as Kubernetes objects. Says everything that is wrong, not only the first thing.</summary>
public sealed class InputException : FormatException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="errors">What is wrong; at least one, in the order of the input.</param>
    /// <exception cref="ArgumentException">There is no error.</exception>
    public InputException(IEnumerable<InputError> errors)
        : this([.. errors ?? throw new ArgumentNullException(nameof(errors))])
    {
    }

    private InputException(ImmutableArray<InputError> errors)
        : base(Describe(errors)) => Errors = errors;

    /// <summary>What is wrong, in the order of the input.</summary>
    public ImmutableArray<InputError> Errors { get; }

    private static string Describe(ImmutableArray<InputError> errors) => errors.Length switch
    {
        0 => throw new ArgumentException("An input exception needs an error.", nameof(errors)),
        1 => errors[0].ToString(),
        _ => $"{errors.Length} errors in the input:\n{string.Join('\n', errors)}",
    };
}
