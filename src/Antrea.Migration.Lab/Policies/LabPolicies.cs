using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Policies;

/// <summary>The policies of a lab cluster as each of the two engines sees them.</summary>
/// <param name="store">The cluster's objects.</param>
/// <param name="fail">Takes what cannot be enforced.</param>
/// <param name="wake">Asks for a <see cref="Refresh"/> soon.</param>
internal sealed class LabPolicies(ObjectStore store, Action<Exception> fail, Action wake) : IDisposable
{
    public CalicoPolicyBook Calico { get; } = new(store, fail, wake);

    public AntreaPolicyBook Antrea { get; } = new(store, fail, wake);

    /// <summary>Compiles what has changed.</summary>
    public void Refresh()
    {
        Calico.Refresh();
        Antrea.Refresh();
    }

    public void Dispose()
    {
        Calico.Dispose();
        Antrea.Dispose();
    }
}
