using System.Text;

namespace Antrea.Migration.Execution;

/// <summary>What a <see cref="NodeCommand"/> prints, read up to a bound: a Node that does not stop printing must not fill the reader's memory.</summary>
public static class NodeOutput
{
    /// <summary>The most characters of an output that are kept: 16 Mi, some 100,000 routes.</summary>
    public const int MostCharacters = 16 * 1024 * 1024;

    /// <summary>Reads to the end. As much again beyond the bound is read and dropped, so that a program can end; of one that goes on no more is read.</summary>
    /// <param name="reader">The output.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="MigrationException">There was more than the bound: half an answer is none.</exception>
    public static Task<string> ReadAsync(TextReader reader, CancellationToken cancellationToken = default) =>
        ReadAsync(reader, MostCharacters, cancellationToken);

    internal static async Task<string> ReadAsync(TextReader reader, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var text = new StringBuilder();
        var buffer = new char[16 * 1024];
        var length = 0L;
        while (length <= 2L * most && await reader.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            length += read;
            text.Append(buffer, 0, (int)Math.Min(read, most - text.Length));
        }

        return length <= most
            ? text.ToString()
            : throw new MigrationException(
                $"A command printed {length:N0} characters{(length > 2L * most ? " and went on" : "")}, of which {most:N0} are kept.", "Run it on the Node by hand, and see what is so long there.");
    }
}
