using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

/// <summary>Answers by the beginning of the command line, and remembers what was asked.</summary>
internal sealed class FakeToolRunner : IToolRunner
{
    private readonly List<(string Start, Func<ToolResult> Answer)> _answers = [];

    public List<ToolCommand> Asked { get; } = [];

    public IEnumerable<string> Lines => Asked.Select(command => command.ToString());

    public FakeToolRunner On(string start, int exitCode = 0, string output = "", string error = "") =>
        On(start, () => new ToolResult(exitCode, output, error));

    public FakeToolRunner On(string start, Func<ToolResult> answer)
    {
        _answers.Add((start, answer));
        return this;
    }

    public Task<ToolResult> RunAsync(ToolCommand command, Action<string>? onErrorLine, CancellationToken cancellationToken)
    {
        lock (Asked)
        {
            Asked.Add(command);
        }

        cancellationToken.ThrowIfCancellationRequested();
        var line = command.ToString();
        foreach (var (start, answer) in _answers)
        {
            if (line.StartsWith(start, StringComparison.Ordinal))
            {
                var result = answer();
                foreach (var text in result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    onErrorLine?.Invoke(text);
                }

                return Task.FromResult(result);
            }
        }

        throw new AssertionException($"Nobody expected the command: {line}");
    }
}
