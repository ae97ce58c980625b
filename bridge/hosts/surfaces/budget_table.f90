!! The closing tables of a run: where the heat or the water of each surface came from.
module budget_table
  use, intrinsic :: iso_fortran_env, only: output_unit
  use decomposition, only: decomposed_grid
  use ngcm_kinds, only: dp
  use tile_budget, only: budget
  implicit none (type, external)
  private

  public :: budget_column, print_budget

  !! Rows of a table: means in which the columns add up, then two greatest imbalances of a cell.
  integer, parameter, public :: rows = 8
  character(*), parameter, public :: heat_rows(rows) = [character(50) :: &
    "exported by the atmosphere", "received from the atmosphere", &
    "heat of fusion of snow and of sublimated ice", "exchanged by sea and ice", &
    "received by relaxation", "stored", &
    "imbalance of a cell: received - exported", "imbalance of a cell: stored - all received"]
  character(*), parameter, public :: water_rows(rows) = [character(50) :: &
    heat_rows(:2), "", heat_rows(4), "lost as runoff", heat_rows(6:)]

contains

  !! One surface's rows on rank 0. Collective.
  function budget_column(grid, weight, area, exported, account, stored) result(column)
    class(decomposed_grid), intent(in) :: grid
    !! areas of the surface [m2], and per area what the atmosphere has given and what it holds
    real(dp), intent(in) :: weight(:, :), exported(:, :), stored(:, :)
    !! over which to take the means [m2]
    real(dp), intent(in) :: area
    type(budget), intent(in) :: account
    real(dp) :: column(rows)

    column(1) = grid%total(weight*exported)
    column(2) = grid%total(weight*account%received)
    column(3) = grid%total(weight*account%frozen)
    column(4) = grid%total(weight*account%exchanged)
    column(5) = grid%total(weight*account%outside)
    column(6) = grid%total(weight*(stored - account%initial))
    column(:6) = column(:6)/area
    column(7) = greatest(account%received - exported)
    column(8) = greatest(stored - account%initial - account%total())

  contains

    !! The greatest size of a value where the surface is.
    real(dp) function greatest(values)
      real(dp), intent(in) :: values(:, :)
      real(dp), allocatable :: whole(:, :)

      whole = grid%gather(merge(abs(values), 0.0_dp, weight > 0.0_dp))
      greatest = 0.0_dp
      if (grid%rank == 0) greatest = maxval(whole)
    end function greatest
  end function budget_column

  !! Prints one budget: a column for each surface, and their sum.
  subroutine print_budget(title, labels, heads, columns)
    character(*), intent(in) :: title, labels(rows), heads(:)
    !! shape (rows, surfaces)
    real(dp), intent(in) :: columns(:, :)
    integer :: row

    write (output_unit, "(a)") "", title
    write (output_unit, "(a50, *(a17))") "", adjustr(heads), "together"
    do row = 1, rows - 2
      if (labels(row) == "") cycle
      write (output_unit, "(a50, *(es17.8))") adjustr(labels(row)), columns(row, :), &
        sum(columns(row, :))
    end do
    do row = rows - 1, rows
      write (output_unit, "(a50, *(es17.8))") adjustr(labels(row)), columns(row, :), &
        maxval(columns(row, :))
    end do
  end subroutine print_budget

end module budget_table
