using Antrea.Migration.Connectivity;

namespace Antrea.Migration.Tests.Connectivity;

/// <summary>Answers as a function says; a request can also be left hanging until its time is up.</summary>
internal sealed class ScriptedTransport(Func<int, Task<ProbeResponse>?> script) : IProbeTransport
{
    private int _sent;

    public static Task<ProbeResponse> Ok { get; } = Task.FromResult(new ProbeResponse(200, 0));

    public int Sent => _sent;

    /// <summary>Asks the script with the request's number, from 1; <see langword="null"/> hangs until cancelled.</summary>
    public async Task<ProbeResponse> SendAsync(Uri target, CancellationToken cancellationToken)
    {
        if (script(Interlocked.Increment(ref _sent)) is { } answer)
        {
            return await answer.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        // Not an endless Task.Delay: what waits for that goes on in the pool when it is cancelled, not inside the fake clock.
        var never = new TaskCompletionSource<ProbeResponse>();
        using var registration = cancellationToken.Register(() => never.TrySetCanceled(cancellationToken));
        return await never.Task.ConfigureAwait(false);
    }
}
