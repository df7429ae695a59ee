namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>What a lab cluster's Nodes and its builder need of a control plane, whichever it is.</summary>
internal interface ILabControlPlane : IAsyncDisposable
{
    /// <summary>The objects, or copies of them; writes go to the API server either way.</summary>
    ObjectStore Store { get; }

    /// <summary>The text of a kubeconfig of an administrator.</summary>
    string Kubeconfig { get; }

    /// <summary>Whether Nodes get their PodCIDRs from it; otherwise they bring them along.</summary>
    bool AllocatesPodCidrs { get; }

    /// <summary>What went wrong with it in the background.</summary>
    IEnumerable<Exception> Failures { get; }

    /// <summary>Waits until controllers have acted on every change so far, as far as can be told.</summary>
    Task SettledAsync(CancellationToken cancellationToken);
}
