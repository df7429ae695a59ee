using System.CommandLine;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migrator.Commands;

/// <summary>The operator's own program around phases and Nodes.</summary>
internal sealed class HookOptions
{
    private readonly Option<string?> _hook = new("--hook")
    {
        Description = "Call this program as PROGRAM before-phase|after-phase|before-node|after-node NAME, around steps of a Node that follow each other once; when it fails, no other change is begun.",
        HelpName = "PROGRAM",
    };

    private readonly Option<int> _timeout = CommonOptions.Whole("--hook-timeout", "How many seconds one call of the hook may take.", 600, 1, 86_400);

    public HookOptions() => _hook.Validators.Add(result =>
    {
        var path = result.Tokens[^1].Value;
        if (!File.Exists(path))
        {
            result.AddError($"--hook is '{path}', but there is no such file.");
        }
    });

    public void AddTo(Command command)
    {
        command.Add(_hook);
        command.Add(_timeout);
    }

    /// <summary>The hooks in front of <paramref name="gate"/>; null where none are asked for.</summary>
    public Hooks? Read(ParseResult parse, MigrationPlan plan, MigrationOptions options, TextWriter output, IMigrationGate? gate)
    {
        var changesOverlap = options.MaxUnavailable is not null || plan.Restart == RestartMode.InPlace;
        return parse.GetValue(_hook) is { } program
            ? new Hooks(Path.GetFullPath(program), TimeSpan.FromSeconds(parse.GetValue(_timeout)), plan, changesOverlap, output, gate)
            : null;
    }
}
