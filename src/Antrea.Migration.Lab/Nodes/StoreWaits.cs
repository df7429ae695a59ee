using System.Threading.Channels;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>Waiting for the store to look a certain way.</summary>
internal static class StoreWaits
{
    /// <summary>Waits until the condition holds; it is asked at once and again after changes.</summary>
    public static async Task UntilAsync(this ObjectStore store, Func<bool> condition, CancellationToken cancellationToken)
    {
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var subscription = store.Subscribe(_ => changed.Writer.TryWrite(true), store.Version);
        while (!condition())
        {
            await changed.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
