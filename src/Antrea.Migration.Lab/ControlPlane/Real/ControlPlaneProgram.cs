using System.ComponentModel;
using CliWrap;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>One program of a control plane while it runs, in a session of its own where the system has <c>setsid</c>, so that
/// a Ctrl+C meant for the lab reaches the lab alone. Disposing it ends the process at once: nothing it holds outlives the lab.</summary>
internal sealed class ControlPlaneProgram : IAsyncDisposable
{
    private const int TailLength = 15;
    private const string Setsid = "/usr/bin/setsid";

    private readonly CancellationTokenSource _kill = new();
    private readonly Queue<string> _tail = [];
    private readonly StreamWriter _log;
    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;

    private ControlPlaneProgram(string name, string logFile)
    {
        Name = name;
        _log = new StreamWriter(logFile, append: true);
    }

    /// <summary>The program's file name.</summary>
    public string Name { get; }

    /// <summary>The exit code when it ended by itself; null while it runs and when it was ended.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>The last lines of its log.</summary>
    public string Tail
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _tail);
            }
        }
    }

    /// <summary>Starts a program whose arguments name the folder.</summary>
    /// <exception cref="MigrationException">It is not there, or the system cannot run it.</exception>
    public static ControlPlaneProgram Start(string file, ControlPlaneFolder folder, IEnumerable<string> arguments)
    {
        var name = Path.GetFileName(file);
        var program = new ControlPlaneProgram(name, folder.File(name + ".log"));
        try
        {
            var running = Cli.Wrap(File.Exists(Setsid) ? Setsid : file)
                .WithArguments(File.Exists(Setsid) ? [file, .. arguments] : arguments)
                .WithStandardOutputPipe(PipeTarget.ToDelegate(program.Write))
                .WithStandardErrorPipe(PipeTarget.ToDelegate(program.Write))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(program._kill.Token);
            folder.Note(running.ProcessId);
            program._running = program.EndAsync(running);
            return program;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            program._log.Dispose();
            throw new MigrationException($"{file} cannot be started: {e.Message}", "Check the folder of the control plane's programs.", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _kill.CancelAsync().ConfigureAwait(false);
        try
        {
            await _running.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_kill.IsCancellationRequested)
        {
            // Killed, as asked for.
        }

        _kill.Dispose();
        await _log.DisposeAsync().ConfigureAwait(false);
    }

    private async Task EndAsync(CommandTask<CommandResult> running) => ExitCode = (await running.ConfigureAwait(false)).ExitCode;

    private void Write(string line)
    {
        lock (_gate)
        {
            _log.WriteLine(line);
            _log.Flush();
            _tail.Enqueue(line);
            if (_tail.Count > TailLength)
            {
                _tail.Dequeue();
            }
        }
    }
}
